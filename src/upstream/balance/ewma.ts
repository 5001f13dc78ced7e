/**
 * The cheaper of two chosen by chance (Mitzenmacher, "The Power of Two Choices"), by peak-EWMA × requests in flight:
 * nobody else's view is needed, a slow endpoint is left at once, and sidecars that think alike do not move as a herd.
 */
import type { Random } from '../../core/random.ts'
import type { RequestHead } from '../../core/exchange.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import type { PeakEwma } from './peak-ewma.ts'
import { isWarm, warmth } from './slow-start.ts'

export class Ewma implements Balancer {
  readonly measures: boolean
  readonly #random: Random

  constructor(random: Random) {
    this.measures = true
    this.#random = random
  }

  pick(candidates: readonly Endpoint[], _request: RequestHead, now: number): Endpoint {
    const first = candidates[0] as Endpoint
    if (candidates.length === 1) return first
    const at = this.#first(candidates)
    const one = candidates[at] as Endpoint
    const other = rival(candidates, at, this.#random)
    if (other === undefined) return one
    return this.#load(other, now) < this.#load(one, now) ? other : one
  }

  /** As probable as its weight says. The slow start is in the comparison, and not twice. */
  #first(candidates: readonly Endpoint[]): number {
    let total = 0
    for (let i = 0; i < candidates.length; i++) total += (candidates[i] as Endpoint).weight
    let left = this.#random.fraction() * total
    for (let i = 0; i < candidates.length; i++) {
      left -= (candidates[i] as Endpoint).weight
      if (left < 0) return i
    }
    return candidates.length - 1
  }

  /**
   * A cold endpoint is taken at its load as often as it is warm, and else for that much slower: so little comes to it while
   * the others have room, and it still takes what would overload them.
   */
  #load(endpoint: Endpoint, now: number): number {
    const load = (endpoint.meter as PeakEwma).load(endpoint.active, now)
    if (isWarm(endpoint, now)) return load
    const warm = warmth(endpoint.warmingSince, now)
    return this.#random.fraction() < warm ? load : load / warm
  }
}

/**
 * Another of the same weight, each as probable. Weights are what the operator has said: chance shares the traffic out
 * between them, and latency only among equals. Else an endpoint of weight 1 beside one of 99 would get nothing, or half.
 */
function rival(candidates: readonly Endpoint[], at: number, random: Random): Endpoint | undefined {
  const { weight } = candidates[at] as Endpoint
  let equals = 0
  for (let i = 0; i < candidates.length; i++) if ((candidates[i] as Endpoint).weight === weight) equals++
  if (equals === 1) return undefined
  let left = Math.floor(random.fraction() * (equals - 1))
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i] as Endpoint
    if (i !== at && candidate.weight === weight && left-- === 0) return candidate
  }
  return undefined
}
