/** Which exchanges there is something to tell of. */
import type { Exchange } from '../../core/exchange.ts'
import { isServerError } from '../../core/grpc-status.ts'

/**
 * The upstream's own answer to the only attempt, below 500, and nothing in shadow mode would have done otherwise. A 404 is
 * plain: it is what the upstream had to say. `rpcStatus` of a gRPC call, or NO_STATUS.
 */
export function isPlain(exchange: Exchange, status: number, rpcStatus: number, reason: string): boolean {
  return reason === '' && status < 500 && exchange.attempts < 2 && exchange.shadowed === '' && !isServerError(rpcStatus)
}
