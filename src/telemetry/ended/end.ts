/** The end of an exchange, as whoever asks is told of it. */
import type { Origin, RequestHead } from '../../core/exchange.ts'
import type { RouteRows } from '../route-rows.ts'

export interface End {
  readonly request: RequestHead
  readonly rows: RouteRows
  /** As sent, or what a request nobody waited for is given in logs (499). */
  readonly status: number
  /** Of a gRPC call; else NO_STATUS. */
  readonly rpcStatus: number
  /** Of the answer; '' where none began. */
  readonly origin: Origin | ''
  /** Of the closed table, or the answer a fallback stood in for; ''. */
  readonly reason: string
  /** On the clock, ms. */
  readonly now: number
}

/** ms from the complete head of the request to the end of the answer. */
export function tookOf({ request, now }: End): number {
  return now - request.exchange.startedAt
}
