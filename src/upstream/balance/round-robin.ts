/** Each in turn, as often as its weight says, evenly spread. */
import type { RequestHead } from '../../core/exchange.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { effectiveWeight } from './slow-start.ts'

/**
 * Smooth weighted round robin: each candidate gains its weight, the richest is picked and pays the sum of all. It holds
 * whatever candidates come, so that an endpoint that drops out for a while distorts nothing.
 */
export class RoundRobin implements Balancer {
  readonly measures: boolean
  readonly #credit: WeakMap<Endpoint, number>

  constructor() {
    this.measures = false
    this.#credit = new WeakMap()
  }

  pick(candidates: readonly Endpoint[], _request: RequestHead, now: number): Endpoint {
    let total = 0
    let best = candidates[0] as Endpoint
    let most = Number.NEGATIVE_INFINITY
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i] as Endpoint
      const weight = effectiveWeight(candidate, now)
      const credit = (this.#credit.get(candidate) ?? 0) + weight
      this.#credit.set(candidate, credit)
      total += weight
      if (credit > most) {
        most = credit
        best = candidate
      }
    }
    this.#credit.set(best, most - total)
    return best
  }
}
