/** By chance, as often as its weight says. */
import type { Random } from '../../core/random.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'

export class RandomChoice implements Balancer {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  pick(candidates: readonly Endpoint[]): Endpoint {
    return candidates[weightedIndex(candidates, this.#random)] as Endpoint
  }
}

/** An index, each as probable as the weight of its endpoint. */
export function weightedIndex(candidates: readonly Endpoint[], random: Random): number {
  let total = 0
  for (let i = 0; i < candidates.length; i++) total += (candidates[i] as Endpoint).weight
  let left = random.fraction() * total
  for (let i = 0; i < candidates.length; i++) {
    left -= (candidates[i] as Endpoint).weight
    if (left < 0) return i
  }
  return candidates.length - 1
}
