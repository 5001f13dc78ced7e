/** The endpoint with fewer requests in flight of two chosen by chance: nearly as good as the least of all, and no herd. */
import type { RequestHead } from '../../core/exchange.ts'
import type { Random } from '../../core/random.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { weightedIndex } from './random-choice.ts'
import { effectiveWeight } from './slow-start.ts'

export class LeastRequest implements Balancer {
  readonly measures: boolean
  readonly #random: Random

  constructor(random: Random) {
    this.measures = false
    this.#random = random
  }

  pick(candidates: readonly Endpoint[], _request: RequestHead, now: number): Endpoint {
    const count = candidates.length
    const first = candidates[0] as Endpoint
    if (count === 1) return first
    const a = weightedIndex(candidates, now, this.#random)
    let b = weightedIndex(candidates, now, this.#random)
    // The same one twice would be no choice.
    if (a === b) b = (b + 1) % count
    const one = candidates[a] as Endpoint
    const other = candidates[b] as Endpoint
    return other.active / effectiveWeight(other, now) < one.active / effectiveWeight(one, now) ? other : one
  }
}
