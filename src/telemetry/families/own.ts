/** The sidecar about itself: configuration, refusals, defects, and what telemetry itself lost. */
// cold file: runs once per scrape
import type { Registry } from '../registry.ts'
import { counter, type Family, gauge, type Sample, sample } from './family.ts'
import { named } from './policies.ts'

/** What is read from neither the registry nor the sources. */
export interface OwnState {
  readonly version: string
  logLinesDropped(): number
  spansDropped(): number
  tailDropped(): number
}

export function ownFamilies(registry: Registry, own: OwnState): Family[] {
  return [
    gauge('outrigger_config_info', 'The configuration in force; always 1.', () => {
      const hash = registry.sources?.config().hash ?? ''
      return [sample(1, { hash, version: own.version })]
    }),
    gauge('outrigger_config_last_reload_success', 'Whether the last reload was taken over.', () =>
      config(registry, (it) => (it.lastReloadSuccess ? 1 : 0)),
    ),
    gauge('outrigger_config_last_reload_timestamp_seconds', 'When the configuration in force was taken over.', () =>
      config(registry, (it) => it.loadedAt / 1000),
    ),
    gauge('outrigger_policy_warnings', 'Warnings about the configuration in force.', () =>
      config(registry, (it) => it.warnings),
    ),
    counter('outrigger_refused_total', 'Requests that were refused before they became an exchange, by why.', () =>
      byKey(registry.refused, ['direction', 'reason']),
    ),
    counter('outrigger_http2_violations_total', 'HTTP/2 peers that broke the rules or overdid it, by how.', () =>
      byKey(registry.violations, ['direction', 'peer', 'kind']),
    ),
    counter('outrigger_defects_total', 'Errors of our own that were caught, by where.', () =>
      byKey(registry.defects, ['where']),
    ),
    counter('outrigger_series_dropped_total', 'Observations that found no series of their own.', () => [
      sample(registry.dropped),
    ]),
    counter('outrigger_access_log_dropped_total', 'Access log lines that were lost: nobody read them in time.', () => [
      sample(own.logLinesDropped()),
    ]),
    counter(
      'outrigger_spans_dropped_total',
      'Traced exchanges that found no room on their way to the exporter.',
      () => [sample(own.spansDropped())],
    ),
    counter('outrigger_tail_dropped_total', 'Exchanges that the end could not decide about for want of room.', () => [
      sample(own.tailDropped()),
    ]),
  ]
}

type ConfigOf = (it: ReturnType<NonNullable<Registry['sources']>['config']>) => number

function config(registry: Registry, of: ConfigOf): Sample[] {
  return registry.sources === undefined ? [] : [sample(of(registry.sources.config()))]
}

function byKey(counters: ReadonlyMap<string, number>, names: readonly string[]): Sample[] {
  return Array.from(counters, ([key, value]) => sample(value, named(names, key)))
}
