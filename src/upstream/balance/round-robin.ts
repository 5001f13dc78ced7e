/** Each in turn, as often as its weight says, evenly spread. */
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'

/**
 * Smooth weighted round robin: each candidate gains its weight, the richest is picked and pays the sum of all. It holds
 * whatever candidates come, so that an endpoint that drops out for a while distorts nothing.
 */
export class RoundRobin implements Balancer {
  readonly #credit = new WeakMap<Endpoint, number>()

  pick(candidates: readonly Endpoint[]): Endpoint {
    let total = 0
    let best = candidates[0] as Endpoint
    let most = Number.NEGATIVE_INFINITY
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i] as Endpoint
      const credit = (this.#credit.get(candidate) ?? 0) + candidate.weight
      this.#credit.set(candidate, credit)
      total += candidate.weight
      if (credit > most) {
        most = credit
        best = candidate
      }
    }
    this.#credit.set(best, most - total)
    return best
  }
}
