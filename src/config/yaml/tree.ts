/** A YAML document as the loader sees it: no YAML types, every key and value with its place. */
import type { Place } from '../model.ts'

export type Node = ScalarNode | MapNode | ListNode

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** As it is written; for `1.10` the value no longer tells. */
  readonly source: string
  readonly place: Place
}

export interface MapNode {
  readonly kind: 'map'
  readonly entries: readonly Entry[]
  readonly place: Place
}

export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly Node[]
  readonly place: Place
}

export interface Entry {
  readonly key: string
  /** Of the key. */
  readonly place: Place
  readonly node: Node
}

export function entryOf(node: MapNode, key: string): Entry | undefined {
  return node.entries.find((entry) => entry.key === key)
}

/** What stands there, to be shown in a message. */
export function describe(node: Node): string {
  if (node.kind === 'map') return node.entries.length === 0 ? 'an empty mapping' : 'a mapping'
  if (node.kind === 'list') return node.items.length === 0 ? 'an empty list' : 'a list'
  if (node.value === null) return 'nothing'
  if (typeof node.value === 'string') return `'${shorten(node.value)}'`
  return typeof node.value === 'number' ? `the number ${shorten(node.source)}` : `${node.value}`
}

export function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** Defaults are written as plain values in the notation of the file; they are read the same way as the file. */
export function nodeOf(value: unknown, place: Place): Node {
  if (Array.isArray(value)) return { kind: 'list', items: value.map((item) => nodeOf(item, place)), place }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => ({ key, place, node: nodeOf(inner, place) }))
    return { kind: 'map', entries, place }
  }
  const scalar = value === undefined ? null : (value as string | number | boolean | null)
  return { kind: 'scalar', value: scalar, source: String(scalar), place }
}
