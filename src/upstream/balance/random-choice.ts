/** By chance, as often as its weight says. */
import type { RequestHead } from '../../core/exchange.ts'
import type { Random } from '../../core/random.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { effectiveWeight } from './slow-start.ts'

export class RandomChoice implements Balancer {
  readonly measures: boolean
  readonly #random: Random

  constructor(random: Random) {
    this.measures = false
    this.#random = random
  }

  pick(candidates: readonly Endpoint[], _request: RequestHead, now: number): Endpoint {
    return candidates[weightedIndex(candidates, now, this.#random)] as Endpoint
  }
}

/** An index, each as probable as the weight of its endpoint says, and its slow start. */
export function weightedIndex(candidates: readonly Endpoint[], now: number, random: Random): number {
  let total = 0
  for (let i = 0; i < candidates.length; i++) total += effectiveWeight(candidates[i] as Endpoint, now)
  let left = random.fraction() * total
  for (let i = 0; i < candidates.length; i++) {
    left -= effectiveWeight(candidates[i] as Endpoint, now)
    if (left < 0) return i
  }
  return candidates.length - 1
}
