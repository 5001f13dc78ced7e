/** Brings a document to a value with as few changes as can be: what stays keeps its comments, its order and its quotes. */
import {
  Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { same } from '../patch.ts'

type Json = unknown

export function syncDocument(document: Document, target: Json): void {
  document.contents = synced(document, document.contents, target) as typeof document.contents
}

/** The node itself, changed in place, where it can become the value; else a new one. */
function synced(document: Document, node: unknown, target: Json): unknown {
  const alias = formerAlias(document, node, target)
  if (alias !== undefined) return alias
  if (same(valueIn(document, node), target)) return node
  // Whoever is named by others further down changes for them, too; they are looked at later and, where they differ, written out.
  if (isMap(node) && isPlainObject(target)) return syncedMap(document, node, target)
  if (isSeq(node) && Array.isArray(target)) return syncedList(document, node, target)
  const made = created(document, target)
  if (isScalar(node) && isScalar(made)) {
    made.commentBefore = node.commentBefore ?? null
    made.comment = node.comment ?? null
  }
  remember(node, made)
  return made
}

/** A comment of this form stands in a mapping or list that took the place of something that changing it back would not bring about. */
const WAS = ' outrigger: was '
const NOTHING = 'nothing'

function remember(node: unknown, made: unknown): void {
  if (!isCollection(made)) return
  if (isAlias(node)) made.commentBefore = `${WAS}*${node.source}`
  else if (isScalar(node) && node.value === null) made.commentBefore = `${WAS}${node.source || NOTHING}`
  else return
  // Behind an alias or nothing; the place before the first line of what is new is taken.
  if (node.comment) made.commentBefore += ` #${node.comment}`
}

/** What stood there, with the comment behind it; undefined: nothing is remembered. */
function former(node: unknown): { readonly text: string; readonly comment: string | null } | undefined {
  const { commentBefore } = isCollection(node) ? node : {}
  if (commentBefore?.startsWith(WAS) !== true) return undefined
  const [text = '', ...comment] = commentBefore.slice(WAS.length).split(' #')
  return { text, comment: comment.length === 0 ? null : comment.join(' #') }
}

function formerAlias(document: Document, node: unknown, target: Json): Alias | undefined {
  const was = former(node)
  if (was === undefined || !was.text.startsWith('*')) return undefined
  const alias = new Alias(was.text.slice(1))
  alias.comment = was.comment
  return same(valueIn(document, alias), target) ? alias : undefined
}

/** A field that held nothing, which nobody wants any more. */
function formerNothing(node: unknown): Scalar | undefined {
  const was = former(node)
  if (was === undefined || was.text.startsWith('*')) return undefined
  const nothing = new Scalar(null)
  nothing.source = was.text === NOTHING ? '' : was.text
  nothing.comment = was.comment
  return nothing
}

function syncedMap(document: Document, map: YAMLMap, target: Readonly<Record<string, Json>>): YAMLMap {
  const own = new Set(map.items.map(keyOf))
  const whole = valueIn(document, map) as Record<string, Json>
  const isWanted = (pair: Pair): boolean => keyOf(pair) === '<<' || Object.hasOwn(target, keyOf(pair))
  map.items = map.items.filter((pair) => isWanted(pair) || formerNothing(pair.value) !== undefined)
  for (const pair of map.items) {
    const key = keyOf(pair)
    if (!isWanted(pair)) pair.value = formerNothing(pair.value)
    else if (key !== '<<') pair.value = synced(document, pair.value, target[key])
  }
  const order = Object.keys(target)
  for (const [at, key] of order.entries()) {
    // A key that a merge brings along need not be written again.
    if (own.has(key) || same(whole[key], target[key])) continue
    // Before whatever follows it in the value; so what was taken out comes back where it was.
    const after = new Set(order.slice(at + 1))
    const next = map.items.findIndex((pair) => after.has(keyOf(pair)))
    const pair = document.createPair(key, null) as Pair
    pair.value = created(document, target[key])
    map.items.splice(next < 0 ? map.items.length : next, 0, pair)
  }
  return map
}

/** Items are told apart by their name, as the API does, or by being the same. */
function syncedList(document: Document, list: YAMLSeq, target: readonly Json[]): YAMLSeq {
  const left = [...list.items]
  list.items = target.map((value) => {
    const at = left.findIndex((node) => isItem(valueIn(document, node), value))
    return at < 0 ? created(document, value) : synced(document, left.splice(at, 1)[0], value)
  })
  // The comment above the first item is kept by the list itself, and goes with whoever is first now.
  return list
}

function isItem(one: Json, other: Json): boolean {
  if (isPlainObject(one) && isPlainObject(other) && one['name'] !== undefined) return one['name'] === other['name']
  return same(one, other)
}

function valueIn(document: Document, node: unknown): Json {
  if (node === null || node === undefined) return null
  if (isAlias(node)) return valueIn(document, node.resolve(document))
  return (node as { toJS(document: Document): Json }).toJS(document)
}

function keyOf(pair: Pair): string {
  const key = isScalar(pair.key) ? pair.key.value : pair.key
  // The package's own sign for a merge.
  return typeof key === 'symbol' ? (key.description ?? '') : String(key)
}

function isPlainObject(value: Json): value is Readonly<Record<string, Json>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** What YAML 1.1, which the tools of Kubernetes read, does not take for text. */
const NO_TEXT = /^(?:y|n|yes|no|on|off|[-+]?[0-9][0-9_:.eE+-]*)$/i

function created(document: Document, value: Json): unknown {
  const node = document.createNode(value, { aliasDuplicateObjects: false })
  visit(node as never, {
    Scalar(_key, scalar) {
      if (typeof scalar.value === 'string' && NO_TEXT.test(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE
    },
  })
  return node
}
