/** How one endpoint is picked of several. */
import type { RequestHead } from '../../core/exchange.ts'
import type { Endpoint } from '../endpoint.ts'

export interface Balancer {
  /** It compares what its endpoints' meters say. */
  readonly measures: boolean
  /** `candidates` is not empty, and holds only endpoints that may be used now. `now`: the clock, ms. */
  pick(candidates: readonly Endpoint[], request: RequestHead, now: number): Endpoint
}
