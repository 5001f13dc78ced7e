/** The fields of gRPC that a simulated caller and upstream write and read. */
import { get, type Headers } from '../core/headers.ts'

export const GRPC_STATUS = 'grpc-status'

/** -1 where there is none. */
export function grpcStatusIn(fields: Headers | undefined): number {
  const text = fields === undefined ? undefined : get(fields, GRPC_STATUS)
  return text === undefined ? -1 : Number(text)
}
