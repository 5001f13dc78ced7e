/** Endpoints without sockets, that answer as fast as a test says, under a clock that a test moves. */
import type { Balancer } from '../../../src/upstream/balance/balancer.ts'
import { hashOf } from '../../../src/upstream/balance/hash-of.ts'
import { PeakEwma } from '../../../src/upstream/balance/peak-ewma.ts'
import type { Endpoint } from '../../../src/upstream/endpoint.ts'
import { requestHead } from '../../support/stubs.ts'

export interface House {
  readonly address: string
  weight: number
  active: number
  meter: PeakEwma
  warmingSince: number
  readonly seed: number
}

export function house(n: number, weight = 1, warmingSince = Number.NEGATIVE_INFINITY): House {
  const address = `10.0.0.${n}:8080`
  return { address, weight, active: 0, meter: new PeakEwma(), warmingSince, seed: hashOf(address) }
}

export function asEndpoints(houses: readonly House[]): readonly Endpoint[] {
  return houses as unknown as readonly Endpoint[]
}

const REQUEST = requestHead()

export function pick(balancer: Balancer, houses: readonly House[], now = 1e6, request = REQUEST): House {
  return balancer.pick(asEndpoints(houses), request, now) as unknown as House
}

/** Picks of each, of `count`, with nothing in flight. */
export function shares(balancer: Balancer, houses: readonly House[], count: number, now = 1e6): number[] {
  const picked = houses.map(() => 0)
  for (let i = 0; i < count; i++) picked[houses.indexOf(pick(balancer, houses, now))]!++
  return picked
}

export interface Arrivals {
  /** ms between two requests. */
  readonly every: number
  readonly count: number
  /** The clock at the first. */
  readonly from?: number
  /** ms an endpoint takes; below zero: it fails after that long. */
  readonly takes: (at: number, now: number) => number
}

/** Requests that come at an even rate, whatever becomes of those before; picks of each. */
export function arrive(balancer: Balancer, houses: readonly House[], arrivals: Arrivals): number[] {
  const { every, count, from = 1e6, takes } = arrivals
  const picked = houses.map(() => 0)
  const ends: { readonly at: number; readonly house: House; readonly took: number }[] = []
  const settle = (now: number) => {
    ends.sort((a, b) => a.at - b.at)
    while (ends.length > 0 && ends[0]!.at <= now) {
      const { at, house, took } = ends.shift()!
      house.active--
      if (took < 0) house.meter.failed(-took, at)
      else house.meter.answered(took, at)
    }
  }
  for (let i = 0; i < count; i++) {
    const now = from + i * every
    settle(now)
    const house = pick(balancer, houses, now)
    const at = houses.indexOf(house)
    picked[at]!++
    house.active++
    const took = takes(at, now)
    ends.push({ at: now + Math.abs(took), house, took })
  }
  settle(Number.POSITIVE_INFINITY)
  return picked
}
