/** Which question of the workload an exchange belongs to. */
import type { Exchange, RequestHead } from '../core/exchange.ts'
import type { Origin } from './workload.ts'

/** The simulation stands in telemetry's place, so that field of the exchange is its own. */
export function mark(exchange: Exchange, origin: Origin): void {
  exchange.trace = origin
}

export function originOf(request: RequestHead): Origin | undefined {
  return request.exchange.trace as Origin | undefined
}
