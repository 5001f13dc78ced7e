/** Everything that has a limit, in one shape: how much of it is used, and what else is to be said. */
import type { State } from './frame.ts'
import { nameOf, type Severity } from './states.ts'
import { bytes, count, duration, many, percent } from './words.ts'

export interface Limit {
  readonly id: string
  readonly of: string
  readonly kind: string
  readonly used: string
  /** 0…1 of what there is; NaN where there is no such share. */
  readonly share: number
  readonly severity: Severity
  readonly more: string
}

export function limits(state: State): Limit[] {
  return [
    ...bulkheads(state),
    ...concurrency(state),
    ...budgets(state),
    ...hedges(state),
    ...rateLimits(state),
    ...stores(state),
  ]
}

function bulkheads({ bulkheads }: State): Limit[] {
  return bulkheads.map(({ service, per, key, inflight, limit, queued, maxQueue, streams, maxStreams, mode }) => ({
    id: `bulkhead ${service} ${per} ${key} ${mode}`,
    of: nameOf(service, key),
    kind: named('bulkhead', mode),
    used: `${inflight} of ${limit}`,
    share: inflight / limit,
    severity: severity(mode, inflight >= limit, maxQueue > 0 && queued >= maxQueue),
    more: [
      maxQueue === 0 ? 'no queue' : `queue ${queued} of ${maxQueue}`,
      ...(streams > 0 ? [`streams ${streams} of ${maxStreams}`] : []),
    ].join(', '),
  }))
}

function concurrency({ concurrency }: State): Limit[] {
  return concurrency.map(({ service, policy, inflight, limit, min, max, ownMs, lastMs, mode }) => ({
    id: `concurrency ${service} ${policy} ${mode}`,
    of: service,
    kind: named('concurrency', mode),
    used: `${inflight} of ${Math.round(limit)}`,
    share: inflight / limit,
    severity: severity(mode, inflight >= limit, false),
    more: [
      `between ${min} and ${max}`,
      ...(ownMs === null ? [] : [`own time ${duration(ownMs)}, last ${duration(lastMs)}`]),
    ].join('; '),
  }))
}

/** Not a share: how much there could be depends on the traffic. */
function budgets({ budgets }: State): Limit[] {
  return budgets.map(({ service, of, remaining, percent: share, mode }) => ({
    id: `budget ${service} ${of} ${mode}`,
    of: service,
    kind: named(`${of} budget`, mode),
    used: `${count(Math.max(0, Math.floor(remaining)))} left`,
    share: Number.NaN,
    severity: severity(mode, remaining < 1, false),
    more: `${percent(share > 1 ? share / 100 : share)} of requests`,
  }))
}

function hedges({ hedges }: State): Limit[] {
  return hedges.map(({ service, after, samples, mode }) => ({
    id: `hedge ${service} ${mode}`,
    of: service,
    kind: named('hedge', mode),
    used: after === null ? 'not yet' : `after ${duration(after)}`,
    share: Number.NaN,
    severity: 'plain',
    more: `${many(samples, 'answer')} known`,
  }))
}

function rateLimits({ rateLimits }: State): Limit[] {
  return rateLimits.map(({ service, policy, direction, rate, burst, keys, overflowed }) => ({
    id: `rateLimit ${direction} ${service} ${policy}`,
    of: service,
    kind: 'rate limit',
    used: `${count(rate)}/s`,
    share: Number.NaN,
    severity: overflowed > 0 ? 'warn' : 'plain',
    more: `burst ${burst}, ${many(keys, 'key')}${overflowed > 0 ? `, ${overflowed} shared a bucket` : ''}`,
  }))
}

function stores({ caches, idempotency }: State): Limit[] {
  return [
    ...caches.map(
      ({ service, policy, entries, bytes: size, hits, misses, mode }): Limit => ({
        id: `cache ${service} ${policy} ${mode}`,
        of: service,
        kind: named('fallback copies', mode),
        used: many(entries, 'answer'),
        share: Number.NaN,
        severity: 'plain',
        more: `${bytes(size)}, ${hits} used, ${misses} missing`,
      }),
    ),
    ...idempotency.map(
      ({ service, policy, store, up, error, leased, done, unknown }): Limit => ({
        id: `idempotency ${service} ${policy}`,
        of: service,
        kind: 'idempotency',
        used: `${leased} in flight`,
        share: Number.NaN,
        severity: up ? 'plain' : 'bad',
        more: up ? `${store}: ${done} done, ${unknown} in doubt` : `${store} does not answer: ${error}`,
      }),
    ),
  ]
}

function named(kind: string, mode: 'shadow' | undefined): string {
  return mode === 'shadow' ? `${kind}, shadow` : kind
}

function severity(mode: 'shadow' | undefined, full: boolean, refusing: boolean): Severity {
  if (mode === 'shadow') return 'plain'
  return refusing ? 'bad' : full ? 'warn' : 'plain'
}
