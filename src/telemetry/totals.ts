/** What was counted of each service, all its routes together: read once a second while somebody watches. */
// cold file: runs once a second, while somebody watches
import { ENDINGS, type Outcome } from './ended/outcome.ts'
import { BOUNDS } from './histogram.ts'
import type { Registry } from './registry.ts'
import type { RouteRows } from './route-rows.ts'
import type { Direction } from './sources.ts'

/** Counted since the start of the process, so that whoever missed a reading has lost nothing. */
export interface ServiceTotals {
  readonly direction: Direction
  /** '' is what matched no route. */
  readonly service: string
  /** Exchanges in flight now. */
  readonly inflight: number
  /** Ended exchanges up to each bound of `BOUNDS`, those below it among them; the last is all of them. */
  readonly durations: readonly number[]
  /** Ended exchanges that were not plain, by what became of them; an outcome that never came is left out. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>
}

/** By direction and name. What never had a request is left out. */
export function serviceTotals(registry: Registry): ServiceTotals[] {
  const byService = new Map<string, RouteRows[]>()
  for (const rows of registry.routes.values()) {
    const name = `${rows.direction} ${rows.service}`
    const those = byService.get(name)
    if (those === undefined) byService.set(name, [rows])
    else those.push(rows)
  }
  const totals = [...byService.values()].map((routes) => totalsOf(routes, registry))
  return totals
    .filter(({ inflight, durations }) => inflight > 0 || (durations.at(-1) as number) > 0)
    .sort((one, other) => order(`${one.direction} ${one.service}`, `${other.direction} ${other.service}`))
}

function totalsOf(routes: readonly RouteRows[], registry: Registry): ServiceTotals {
  const [{ direction, service }] = routes as [RouteRows]
  const durations = new Array<number>(BOUNDS.length + 1).fill(0)
  const outcomes: Partial<Record<Outcome, number>> = {}
  let inflight = 0
  for (const rows of routes) {
    inflight += rows.active
    for (const row of rows.server.rows.values()) {
      for (const [bucket, count] of registry.server.cumulative(row).entries())
        durations[bucket] = (durations[bucket] as number) + count
    }
    for (const [index, outcome] of ENDINGS.entries()) {
      const count = rows.endings[index] as number
      if (count > 0) outcomes[outcome] = (outcomes[outcome] ?? 0) + count
    }
  }
  return { direction, service, inflight, durations, outcomes }
}

function order(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
