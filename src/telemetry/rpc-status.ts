/** gRPC statuses as telemetry sees them. */
import { GRPC_STATUS, NO_STATUS } from '../core/grpc-status.ts'

export const UNIMPLEMENTED = 12

/** OpenTelemetry's list: on the server's side these are errors, and every other is an answer to its client. */
const SERVER_ERRORS: readonly string[] = [
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]

const IS_ERROR = new Uint8Array(GRPC_STATUS.length)
for (const name of SERVER_ERRORS) IS_ERROR[(GRPC_STATUS as readonly string[]).indexOf(name)] = 1

export function isServerError(code: number): boolean {
  return code !== NO_STATUS && IS_ERROR[code] === 1
}

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
