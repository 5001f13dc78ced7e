/** What two readings of a service's counters come to: rates, shares, percentiles. */
import type { ServiceTotals } from '../../../telemetry/totals.ts'
import { quantile } from './quantile.ts'

/** One reading. */
export interface Reading {
  /** ms. */
  readonly now: number
  readonly totals: ServiceTotals
}

export interface Figures {
  /** Ended exchanges per second. */
  readonly rate: number
  /** Per second: those that failed, and those that we refused. */
  readonly failed: number
  readonly refused: number
  /** Per second, each of them an answer of some kind: by a fallback, after a retry, by a hedge, to a client that had left. */
  readonly fallback: number
  readonly retried: number
  readonly hedged: number
  readonly cancelled: number
  /** Of the ended ones, failed and refused: 0…1; NaN where none ended. */
  readonly errorShare: number
  /** ms; NaN where none ended. */
  readonly p50: number
  readonly p99: number
}

/** `earlier` is undefined for a service that was not there yet: then everything is new since `since`, ms. */
export function figures(
  earlier: Reading | undefined,
  later: Reading,
  bounds: readonly number[],
  since: number,
): Figures {
  const seconds = (later.now - (earlier?.now ?? since)) / 1000
  const before = earlier?.totals
  const durations = later.totals.durations.map((count, index) => count - (before?.durations[index] ?? 0))
  const outcome = (name: keyof ServiceTotals['outcomes']) =>
    Math.max(0, (later.totals.outcomes[name] ?? 0) - (before?.outcomes[name] ?? 0)) / seconds
  const rate = (durations.at(-1) as number) / seconds
  const failed = outcome('failed')
  const refused = outcome('refused')
  return {
    rate,
    failed,
    refused,
    fallback: outcome('fallback'),
    retried: outcome('retried'),
    hedged: outcome('hedged'),
    cancelled: outcome('cancelled'),
    errorShare: rate === 0 ? Number.NaN : Math.min(1, (failed + refused) / rate),
    p50: quantile(0.5, durations, bounds),
    p99: quantile(0.99, durations, bounds),
  }
}
