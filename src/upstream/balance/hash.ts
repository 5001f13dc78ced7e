/**
 * The same key, the same endpoint, as long as that one is there: weighted rendezvous hashing (Thaler & Ravishankar). Each
 * endpoint draws a lot for the key, which depends on nothing but both; the best lot wins. So an endpoint that leaves moves
 * its own keys and no others, all sidecars agree without a word, and what may not be used now is simply left out: the key
 * goes to its second-best, and comes back. There is no slow start: a key that went there now and then would have two places.
 */
import type { RequestHead } from '../../core/exchange.ts'
import { get } from '../../core/headers.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { hashOf, mix } from './hash-of.ts'

export class Hash implements Balancer {
  readonly measures: boolean
  readonly #header: string
  /** For a request without the header. */
  readonly #keyless: Balancer

  /** `header` in lower case. */
  constructor(header: string, keyless: Balancer) {
    this.measures = false
    this.#header = header
    this.#keyless = keyless
  }

  pick(candidates: readonly Endpoint[], request: RequestHead, now: number): Endpoint {
    const value = this.#header === 'host' ? request.authority : get(request.headers, this.#header)
    if (value === undefined || value === '') return this.#keyless.pick(candidates, request, now)
    return winnerOf(candidates, hashOf(value))
  }
}

export function winnerOf(candidates: readonly Endpoint[], key: number): Endpoint {
  let winner = candidates[0] as Endpoint
  let best = -1
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i] as Endpoint
    const lot = lotOf(key, candidate)
    if (lot <= best) continue
    best = lot
    winner = candidate
  }
  return winner
}

/** An exponential variate with the weight as its scale: the largest of several is each one's as often as its weight says. */
function lotOf(key: number, { seed, weight }: Endpoint): number {
  const fraction = (mix(key ^ seed) + 0.5) / 0x1_0000_0000
  return weight / -Math.log(fraction)
}
