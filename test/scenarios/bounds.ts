/** A bound and what was measured against it. */
import { duration, percent } from '../../src/demo/table.ts'

export interface Bound {
  readonly what: string
  readonly limit: string
  readonly measured: string
  readonly met: boolean
  /** A count that no busy machine excuses. */
  readonly strict?: boolean
}

/** The same bound, excused by nothing. */
export function strict(bound: Bound): Bound {
  return { ...bound, strict: true }
}

/** Not more than `limit` ms. A figure that is missing (NaN) is a bound missed. */
export function atMostMs(what: string, measured: number, limit: number): Bound {
  return { what, limit: `≤ ${duration(limit)}`, measured: duration(measured), met: measured <= limit }
}

export function atMost(what: string, measured: number, limit: number): Bound {
  return { what, limit: `≤ ${round(limit)}`, measured: round(measured), met: measured <= limit }
}

export function atLeastPercent(what: string, measured: number, limit: number): Bound {
  return { what, limit: `≥ ${limit} %`, measured: percent(measured), met: measured >= limit }
}

export function between(what: string, measured: number, low: number, high: number): Bound {
  const met = measured >= low && measured <= high
  return { what, limit: `${round(low)} … ${round(high)}`, measured: round(measured), met }
}

export function exactly(what: string, measured: unknown, wanted: unknown): Bound {
  const [is, must] = [JSON.stringify(measured), JSON.stringify(wanted)]
  return { what, limit: `= ${must}`, measured: is ?? 'nothing', met: is === must }
}

function round(value: number): string {
  return Number.isNaN(value) ? '–' : `${Math.round(value * 100) / 100}`
}
