/** gRPC statuses as telemetry sees them. */
import { GRPC_STATUS, NO_STATUS } from '../core/grpc-status.ts'

export const UNIMPLEMENTED = 12

/** '' for NO_STATUS. */
export function statusName(code: number): string {
  return code === NO_STATUS ? '' : (GRPC_STATUS[code] as string)
}

/** One number for what tells the rows of a route's calls apart. `method` is a place among `RpcMethods.names`. */
export function rpcKey(method: number, code: number, reason: number): number {
  return (method * 32 + code) * 1024 + reason
}

export interface RpcLabels {
  readonly method: number
  readonly code: number
  readonly reason: number
}

/** The opposite of `rpcKey`. */
export function splitRpcKey(key: number): RpcLabels {
  return { reason: key & 1023, code: (key >> 10) & 31, method: key >> 15 }
}
