/**
 * Our schemas as plain JSON Schema for editors: formats become patterns. Draft 7, because that is what yaml-language-server
 * follows best. It says less than the loader: bounds of quantities and what holds between fields are the loader's.
 */
import type { Schema } from '../../core/policy.ts'
import { TIME_PATTERN } from '../values/time.ts'
import { type BlockSchema, policySchema, profileSchema } from './policy.ts'
import { SERVICE } from './service.ts'
import { SIDECAR } from './sidecar.ts'

type Json = Record<string, unknown>

const NUMBER = '[0-9]+(\\.[0-9]+)?'

const PATTERNS: Readonly<Record<NonNullable<Schema['format']>, string>> = {
  duration: `^${NUMBER}(ms|s|m|h)$`,
  size: `^${NUMBER}(B|KiB|MiB|GiB)$`,
  percentage: `^${NUMBER}%$`,
  rate: `^${NUMBER}/(s|m|h)$`,
  address: '^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):[0-9]{1,5}$',
  time: TIME_PATTERN,
  outcome: '^([a-z_]+|5xx|[1-5][0-9][0-9](-[1-5][0-9][0-9])?|grpc:[A-Z_]+)$',
}

/** Of a whole document: one of the four kinds. */
export function editorSchema(blocks: readonly BlockSchema[]): Json {
  const kinds = {
    Sidecar: SIDECAR,
    Service: SERVICE,
    Policy: policySchema(blocks),
    Profile: profileSchema(blocks),
  }
  const names = Object.keys(kinds)
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Outrigger policy files',
    type: 'object',
    required: ['kind', 'name'],
    properties: { kind: { type: 'string', enum: names } },
    allOf: names.map((kind) => ({
      if: { required: ['kind'], properties: { kind: { const: kind } } },
      // biome-ignore lint/suspicious/noThenProperty: it is the keyword of JSON Schema
      then: { $ref: `#/definitions/${kind}` },
    })),
    definitions: {
      ...Object.fromEntries(Object.entries(kinds).map(([kind, schema]) => [kind, document(kind, schema, blocks)])),
      ...Object.fromEntries(blocks.map(({ name }) => [name, convert(kinds.Profile.properties?.[name] ?? {})])),
    },
  }
}

/** Blocks are written out once, and named where they may stand. */
function document(kind: string, schema: Schema, blocks: readonly BlockSchema[]): Json {
  const json = convert(schema)
  const references = blocks
    .filter(({ name }) => schema.properties?.[name] !== undefined)
    .map(({ name }) => [name, { $ref: `#/definitions/${name}` }] as const)
  return {
    ...json,
    properties: { ...(json.properties as Json), kind: { const: kind }, ...Object.fromEntries(references) },
  }
}

function convert(schema: Schema): Json {
  const shared = pick(schema, ['description', 'default', 'examples'])
  if (schema.oneOf !== undefined) return { ...shared, anyOf: schema.oneOf.map(convert) }
  if (schema.format !== undefined) return { ...describeBounds(schema, shared), ...quantity(schema) }
  return { ...shared, ...plain(schema) }
}

function quantity(schema: Schema): Json {
  const pattern = { type: 'string', pattern: PATTERNS[schema.format as keyof typeof PATTERNS] }
  const others: Json[] = Object.keys(schema.words ?? {}).map((word) => ({ const: word }))
  // `503` is a number to YAML.
  if (schema.format === 'outcome') others.push({ type: 'integer', minimum: 100, maximum: 599 })
  return others.length === 0 ? pattern : { anyOf: [pattern, ...others] }
}

/** JSON Schema cannot compare durations; it can tell the reader. */
function describeBounds({ minimum, maximum, format }: Schema, shared: Json): Json {
  if (format === 'address' || (minimum === undefined && maximum === undefined)) return shared
  const range = [minimum === undefined ? '' : `from ${minimum}`, maximum === undefined ? '' : `to ${maximum}`]
  const bounds = `(${range.filter((part) => part !== '').join(' ')})`
  return { ...shared, description: shared.description === undefined ? bounds : `${shared.description} ${bounds}` }
}

function plain(schema: Schema): Json {
  const json = pick(schema, ['type', 'minimum', 'maximum', 'minItems', 'enum', 'pattern', 'required'])
  if (schema.items !== undefined) json.items = convert(schema.items)
  if (schema.type !== 'object') return json
  const properties = Object.entries(schema.properties ?? {})
  json.properties = Object.fromEntries(properties.map(([name, property]) => [name, convert(property)]))
  json.additionalProperties = schema.additionalProperties === undefined ? false : convert(schema.additionalProperties)
  return offOrComplete(json)
}

/** A block with `mode: disabled` need not be complete. */
function offOrComplete(json: Json): Json {
  const properties = json.properties as Json
  if (properties.mode === undefined || properties.kind !== undefined || json.required === undefined) return json
  const { required, ...rest } = json
  return { ...rest, anyOf: [{ required }, { required: ['mode'], properties: { mode: { const: 'disabled' } } }] }
}

function pick(schema: Schema, keys: readonly (keyof Schema)[]): Json {
  return Object.fromEntries(keys.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]]))
}
