/** The values of a block, in the notation of the file, each with where it comes from. */
import type { BlockStatement, Place } from '../../config/model.ts'
import { formatTime } from '../../config/values/time.ts'
import { formatDuration, formatRate } from '../../config/values/units.ts'
import type { Schema } from '../../core/policy.ts'
import type { ValueReport } from './report.ts'

type Places = BlockStatement['places']

/** What holds where a field without a default was left out. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'timeout.request': "none, the caller's own deadline",
  'timeout.idle': '5m, streams and upgrades 1h',
  'bulkhead.maxStreams': 'none, streams take ordinary slots',
  'breaker.slowCall': 'not judged',
  'authorize.allow.source': 'everybody',
  'authorize.allow.methods': 'every method',
  'authorize.allow.paths': 'every path',
  'rateLimit.burst': 'the requests of one second, at least 1',
  'rateLimit.replicas': 'not shared',
}

/** In the order of the schema. */
export function valuesOf(block: string, schema: Schema, config: unknown, places: Places): ValueReport[] {
  return walk(block, schema, config, '', places)
}

function walk(block: string, schema: Schema, value: unknown, path: string, places: Places): ValueReport[] {
  const shape = alternative(schema, value)
  if (isRecord(value) && shape.properties !== undefined) {
    return Object.entries(shape.properties).flatMap(([key, inner]) =>
      walk(block, inner, value[key], join(path, key), places),
    )
  }
  if (Array.isArray(value) && value.some(isRecord)) {
    return value.flatMap((item, i) => walk(block, shape.items ?? {}, item, join(path, String(i)), places))
  }
  const text =
    value === undefined ? (LEFT_OUT[`${block}.${path.replaceAll(/\.[0-9]+/g, '')}`] ?? 'none') : format(shape, value)
  return [{ field: path, value: text, from: source(path, places) }]
}

function alternative(schema: Schema, value: unknown): Schema {
  if (schema.oneOf === undefined || !isRecord(value)) return schema
  const fits = (shape: Schema) =>
    Object.entries(shape.properties ?? {}).every(([key, { enum: words }]) => {
      return words === undefined || value[key] === undefined || words.includes(String(value[key]))
    })
  return schema.oneOf.find(fits) ?? schema
}

function format(schema: Schema, value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(', ')
  if (isRecord(value))
    return (
      Object.entries(value)
        .map(([key, inner]) => `${key}: ${inner}`)
        .join(', ') || 'none'
    )
  if (typeof value !== 'number') return value === '' ? "''" : String(value)
  const word = Object.entries(schema.words ?? {}).find(([, meaning]) => meaning === value)?.[0]
  if (word !== undefined) return word
  if (schema.format === 'duration') return formatDuration(value)
  if (schema.format === 'percentage') return formatPercentage(value)
  if (schema.format === 'size') return formatSize(value)
  if (schema.format === 'time') return formatTime(value)
  if (schema.format === 'rate') return formatRate(value)
  return String(value)
}

export function formatPercentage(fraction: number): string {
  return `${Math.round(fraction * 100_000) / 1000}%`
}

function formatSize(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return `${bytes}B`
}

function source(path: string, places: Places): string {
  const place = places.get(path) ?? places.get(`${path}.0`)
  return place === undefined ? 'default' : at(place)
}

/** `file:line`. */
export function at({ file, line }: Place): string {
  return `${file}:${line}`
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
