/** Scalars with a `format`: text with a unit becomes a number, addresses become host and port. */
import type { Schema } from '../../core/policy.ts'
import type { HostPort } from '../model.ts'
import { parseAddress } from '../values/address.ts'
import { parseOutcome } from '../values/outcomes.ts'
import type { Parsed } from '../values/parsed.ts'
import { didYouMean } from '../values/spelling.ts'
import { parseTime } from '../values/time.ts'
import { parseDuration, parsePercentage, parseRate, parseSize } from '../values/units.ts'
import { describe, type Node, shorten } from '../yaml/tree.ts'
import { type At, label, type WalkContext } from './context.ts'
import { asked, bounds } from './words.ts'

type Format = NonNullable<Schema['format']>

/** `policy-format.md`, bounds: what holds where a schema says nothing narrower. `0s` only where it says so. */
const USUAL: Partial<Record<Format, { readonly minimum: string; readonly maximum?: string }>> = {
  duration: { minimum: '1ms', maximum: '24h' },
  percentage: { minimum: '0%', maximum: '100%' },
}

export function walkQuantity(node: Node, schema: Schema, at: At, context: WalkContext): unknown {
  const format = schema.format as Format
  if (node.kind === 'list' && format === 'address') {
    const message = `${label(at)} must be an address, found a list: an IPv6 address must be quoted, as in "[::1]:8080"`
    return context.error('E027', node.place, message)
  }
  if (node.kind !== 'scalar' || node.value === null || typeof node.value === 'boolean') {
    return context.error('E022', node.place, `${label(at)} must be ${asked(schema)}, found ${describe(node)}`)
  }
  const text = typeof node.value === 'string' ? node.value : node.source
  const word = schema.words === undefined ? undefined : Object.entries(schema.words).find(([name]) => name === text)
  // Outcome tokens stay text, `any` too.
  if (word !== undefined) return format === 'outcome' ? text : word[1]
  const result = parse(text, format, Object.keys(schema.words ?? {}))
  if (!result.ok) return unreadable(result, node, schema, at, context)
  return inRange(result.value, text, format, schema) ? result.value : outOfRange(node, text, schema, at, context)
}

function parse(text: string, format: Format, words: readonly string[] = []): Parsed<unknown> {
  switch (format) {
    case 'duration':
      return parseDuration(text)
    case 'size':
      return parseSize(text)
    case 'percentage':
      return parsePercentage(text)
    case 'rate':
      return parseRate(text)
    case 'address':
      return parseAddress(text)
    case 'outcome':
      return parseOutcome(text, words)
    case 'time':
      return parseTime(text)
  }
}

function unreadable(
  result: { readonly missingUnit: boolean; readonly must: string; readonly proposal: string },
  node: Node & { kind: 'scalar' },
  schema: Schema,
  at: At,
  context: WalkContext,
): undefined {
  const words = Object.keys(schema.words ?? {})
  const must = [result.must, ...words].join(' or ')
  const proposal = result.proposal === '' ? didYouMean(node.source, words) : `: ${result.proposal}`
  const found = result.missingUnit ? `a bare number where a unit is needed, ${shorten(node.source)}` : describe(node)
  const code = result.missingUnit ? 'E023' : 'E024'
  return context.error(code, node.place, `${label(at)} must be ${must}, found ${found}${proposal}`)
}

function limits(schema: Schema): readonly [least: number | string | undefined, most: number | string | undefined] {
  const usual = schema.format === undefined ? undefined : USUAL[schema.format]
  return [schema.minimum ?? usual?.minimum, schema.maximum ?? usual?.maximum]
}

function inRange(value: unknown, text: string, format: Format, schema: Schema): boolean {
  // The bound of an address is the bound of its port.
  if (format === 'address') return (value as HostPort).port >= Number(schema.minimum ?? 0)
  if (typeof value !== 'number') return true
  // A number too long to be one is out of every range.
  if (!Number.isFinite(value) || text.length > 100) return false
  const [least, most] = limits(schema)
  return (least === undefined || value >= bound(least, format)) && (most === undefined || value <= bound(most, format))
}

/** A bound in the notation of its format; a mistake in one is ours and not the operator's. */
function bound(notation: number | string, format: Format): number {
  if (typeof notation === 'number') return notation
  const result = parse(notation, format)
  if (!result.ok || typeof result.value !== 'number') throw new Error(`schema: '${notation}' is no ${format}`)
  return result.value
}

function outOfRange(node: Node, text: string, schema: Schema, at: At, context: WalkContext): undefined {
  const range = schema.format === 'address' ? 'an address with a port from 1 to 65535' : bounds(...limits(schema))
  return context.error('E025', node.place, `${label(at)} must be ${range}, found ${shorten(text)}`)
}
