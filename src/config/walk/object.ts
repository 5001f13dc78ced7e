/** Mappings: unknown keys refused, missing ones named, left-out ones take their default. */
import type { Schema } from '../../core/policy.ts'
import type { Place } from '../model.ts'
import { nearest } from '../values/spelling.ts'
import { describe, type Entry, entryOf, type MapNode, type Node, nodeOf, shorten } from '../yaml/tree.ts'
import { type At, below, label, type WalkContext } from './context.ts'
import { asked } from './words.ts'

type Properties = Readonly<Record<string, Schema>>

export function walkObject(node: Node, schema: Schema, at: At, context: WalkContext): unknown {
  if (node.kind !== 'map') {
    const empty = node.kind === 'scalar' && node.value === null
    const proposal = empty ? ': write {} to take its defaults, or leave the key out' : ''
    const message = `${label(at)} must be a mapping, found ${describe(node)}${proposal}`
    return context.error('E022', empty ? at.key : node.place, message)
  }
  const properties = schema.properties ?? {}
  const free = walkFree(node, schema, at, context)
  const stated = walkStated(node, properties, at, context)
  if (!isDisabled(node)) reportMissing(node, schema, at, context)
  const fields = Object.entries(properties).map(([name, property]) => {
    return [name, entryOf(node, name) === undefined ? defaultOf(property, context) : stated.get(name)] as const
  })
  return Object.fromEntries([...fields, ...free])
}

/** A block that is switched off need not be complete. `mode` is a key of blocks and policies only. */
function isDisabled(node: MapNode): boolean {
  const mode = entryOf(node, 'mode')?.node
  return mode?.kind === 'scalar' && mode.value === 'disabled'
}

function walkStated(node: MapNode, properties: Properties, at: At, context: WalkContext): Map<string, unknown> {
  const stated = new Map<string, unknown>()
  for (const entry of node.entries) {
    if (!Object.hasOwn(properties, entry.key)) continue
    const property = properties[entry.key] as Schema
    stated.set(entry.key, walkEntry(entry, property, at, context))
  }
  return stated
}

function walkEntry(entry: Entry, schema: Schema, at: At, context: WalkContext): unknown {
  const inner = below(at, entry.key, entry.place)
  context.places.set(inner.path, { key: entry.place, value: entry.node.place })
  return context.walk(entry.node, schema, inner, context)
}

/** Keys that are no property: values of a free map, or unknown. */
function walkFree(node: MapNode, schema: Schema, at: At, context: WalkContext): [string, unknown][] {
  const properties = schema.properties ?? {}
  const found: [string, unknown][] = []
  // What stands already is not what was meant.
  const open = Object.keys(properties).filter((name) => entryOf(node, name) === undefined)
  for (const entry of node.entries) {
    if (Object.hasOwn(properties, entry.key)) continue
    if (schema.additionalProperties === undefined) unknownKey(entry, open, properties, at, context)
    else found.push([entry.key, walkEntry(entry, schema.additionalProperties, at, context)])
  }
  return found
}

function unknownKey(entry: Entry, open: readonly string[], properties: Properties, at: At, context: WalkContext): void {
  const meant = nearest(entry.key, open) ?? nearest(entry.key, Object.keys(properties))
  const owner = ownerOf(entry.key, properties)
  const proposal = owner === undefined ? proposed(meant, properties) : `; '${entry.key}' is a key of '${owner}'`
  context.error('E020', entry.place, `unknown key '${shorten(entry.key)}' in ${inside(at, context)}${proposal}`)
}

function inside(at: At, context: WalkContext): string {
  return at.path === '' ? context.subject : label(at)
}

/** The neighbour that has such a key, as `timeout` has `perTry`. */
function ownerOf(key: string, properties: Properties): string | undefined {
  return Object.keys(properties).find((name) => Object.hasOwn(properties[name]?.properties ?? {}, key))
}

function proposed(meant: string | undefined, properties: Properties): string {
  if (meant !== undefined) return `; did you mean '${meant}'?`
  const names = Object.keys(properties)
  return names.length === 0 ? '' : `; known here: ${names.join(', ')}`
}

function reportMissing(node: MapNode, schema: Schema, at: At, context: WalkContext): void {
  for (const name of schema.required ?? []) {
    if (entryOf(node, name) !== undefined) continue
    const property = schema.properties?.[name] ?? {}
    const place = at.path === '' ? node.place : at.key
    const message = `'${name}' is missing in ${inside(at, context)}: it must be stated and be ${asked(property)}`
    context.error('E021', place, message)
  }
}

const NOWHERE: Place = { file: '', line: 1, column: 1 }

/** A default is read as if the file stated it; a mistake in one is ours and not the operator's. */
function defaultOf(schema: Schema, context: WalkContext): unknown {
  if (schema.default === undefined) return undefined
  const trial = context.trial()
  const value = context.walk(nodeOf(schema.default, NOWHERE), schema, { path: 'default', key: NOWHERE }, trial)
  if (trial.report.errors > 0) throw new Error(`schema: ${trial.report.issues[0]?.message}`)
  return value
}
