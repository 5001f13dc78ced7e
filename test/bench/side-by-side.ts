/** Proxies measured in turn, round by round, in another order each. */
import type { Lab } from './lab.ts'
import { type Figures, measure, type Plan } from './measure.ts'
import type { Peer } from './peer-file.ts'

/** By proxy; HTTP/1.1 and HTTP/2 of one program are one. */
export type Measured = ReadonlyMap<string, readonly Figures[]>

export async function sideBySide(lab: Lab, peers: readonly Peer[], plan: Plan): Promise<Measured> {
  const all = new Map<string, Figures[]>()
  for (let round = 0; round < plan.rounds; round++) {
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[(i + round) % peers.length] as Peer
      const figures = await measure(lab, peer, plan)
      all.set(peer.program, [...(all.get(peer.program) ?? []), figures])
      const us = peer.http2 ? figures.http2Us : figures.us
      console.error(`round ${round + 1} of ${plan.rounds}: ${peer.label} ${us.toFixed(1)} µs`)
    }
  }
  return all
}

/** Of what was measured; NaN where nothing was. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  if (sorted.length === 0) return Number.NaN
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
