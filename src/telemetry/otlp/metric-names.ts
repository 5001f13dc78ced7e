/**
 * Names of metrics and labels in OpenTelemetry's form. The rules by which collectors make Prometheus names of these (dots to
 * underscores, the unit and `_total` behind) give the names of `/metrics` again, so that one dashboard serves both.
 */
// cold file: runs once per export
import type { Family } from '../families/family.ts'

export interface MetricName {
  readonly name: string
  /** UCUM; '' where it is a plain number. */
  readonly unit: string
}

/** Endings of Prometheus names, and the unit each stands for. */
const UNITS = [
  ['_seconds', 's'],
  ['_milliseconds', 'ms'],
  ['_bytes', 'By'],
] as const

/** Words that OpenTelemetry keeps in one piece; every other underscore of a conventional name is a dot. */
const WHOLE = ['active_requests', 'open_connections', 'status_code']
/** Names that follow OpenTelemetry's conventions. All others have one dot, behind whose they are: `outrigger.attempts`. */
const CONVENTIONAL = /^(?:http|rpc|error|network|url|server|nodejs_eventloop)_/

/** Gauges that add up: an up-down counter where the conventions have one. */
const ADDITIVE = new Set(['http.server.active_requests', 'http.client.open_connections'])

export function metricName({ name, type }: Family): MetricName {
  const counted = type === 'counter' && name.endsWith('_total') ? name.slice(0, -'_total'.length) : name
  const [ending, unit] = UNITS.find(([end]) => counted.endsWith(end)) ?? ['', '']
  const bare = counted.slice(0, counted.length - ending.length)
  return { name: CONVENTIONAL.test(bare) ? dotted(bare) : bare.replace('_', '.'), unit }
}

/** Labels of ours (`direction`, `destination`, `reason` …) stay as they are. */
export function attributeName(label: string): string {
  return CONVENTIONAL.test(label) ? dotted(label) : label
}

export function isAdditive(name: string): boolean {
  return ADDITIVE.has(name)
}

function dotted(name: string): string {
  const whole = WHOLE.find((word) => name.endsWith(`_${word}`))
  if (whole === undefined) return name.replaceAll('_', '.')
  return `${name.slice(0, -whole.length).replaceAll('_', '.')}${whole}`
}
