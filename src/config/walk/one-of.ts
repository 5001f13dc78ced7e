/** Alternatives: the branch is chosen by what kind of node stands there, by words that tell branches apart, then by trial. */
import type { Schema } from '../../core/policy.ts'
import { didYouMean } from '../values/spelling.ts'
import { describe, entryOf, type MapNode, type Node } from '../yaml/tree.ts'
import { type At, label, type WalkContext } from './context.ts'
import { asked } from './words.ts'

export function walkOneOf(node: Node, schema: Schema, at: At, context: WalkContext): unknown {
  const all = schema.oneOf ?? []
  const lists = all.some((branch) => branch.type === 'array')
  const branches = all.filter((branch) => fitsKind(node, branch) && !(lists && isElse(node, branch)))
  if (branches.length === 0) return wrongKind(node, schema, at, context)
  if (node.kind === 'map') return walkMap(node, branches, schema, at, context)
  return walkBest(node, branches, at, context, () => wrongWord(node, branches, at, context))
}

/** A mapping where a list is usual: it is meant only if it says the word that makes it one. */
function isElse(node: Node, branch: Schema): boolean {
  return node.kind === 'map' && words(branch).some(([name]) => entryOf(node, name) === undefined)
}

function wrongKind(node: Node, schema: Schema, at: At, context: WalkContext): undefined {
  const empty = node.kind === 'scalar' && node.value === null
  // Of a list and the mapping that may stand in its place, the list is what is meant; see isElse().
  const lists = (schema.oneOf ?? []).filter((branch) => branch.type === 'array')
  const must = asked(lists.length === 0 ? schema : { oneOf: lists })
  const message = `${label(at)} must be ${must}, found ${describe(node)}`
  return context.error('E022', empty ? at.key : node.place, message)
}

function fitsKind(node: Node, branch: Schema): boolean {
  if (branch.oneOf !== undefined) return branch.oneOf.some((inner) => fitsKind(node, inner))
  if (branch.type === 'object') return node.kind === 'map'
  if (branch.type === 'array') return node.kind === 'list'
  // `[::1]:80` is a list to YAML; the address branch can say so.
  if (branch.format === 'address' && node.kind === 'list') return true
  // Text is no slip of a number where something else may be text.
  const isNumber = branch.format === undefined && (branch.type === 'integer' || branch.type === 'number')
  return node.kind === 'scalar' && node.value !== null && !(isNumber && typeof node.value === 'string')
}

/** The first branch without errors, else what `otherwise` says, else the branch that is least wrong. */
function walkBest(
  node: Node,
  branches: readonly Schema[],
  at: At,
  context: WalkContext,
  otherwise: () => boolean,
): unknown {
  let best = branches[0] as Schema
  let least = Number.POSITIVE_INFINITY
  for (const branch of branches) {
    const trial = context.trial()
    context.walk(node, branch, at, trial)
    if (trial.report.errors >= least) continue
    least = trial.report.errors
    best = branch
  }
  if (least > 0 && otherwise()) return undefined
  return context.walk(node, best, at, context)
}

/** Every branch is a list of words: the union is what must hold. */
function wrongWord(node: Node, branches: readonly Schema[], at: At, context: WalkContext): boolean {
  if (node.kind !== 'scalar' || branches.some((branch) => branch.enum === undefined)) return false
  const words = branches.flatMap((branch) => branch.enum ?? [])
  const proposal = didYouMean(String(node.value), words)
  const message = `${label(at)} must be ${asked({ oneOf: branches })}, found ${describe(node)}${proposal}`
  context.error('E026', node.place, message)
  return true
}

/** Words that tell object branches apart: properties whose `enum` has one word, as `type: count`. */
function walkMap(node: MapNode, branches: readonly Schema[], schema: Schema, at: At, context: WalkContext): unknown {
  const telling = branches.map((branch) => tells(branch, node))
  if (telling.every((tell) => tell === 'other')) return wrongTell(node, branches, schema, at, context)
  const named = branches.filter((_, index) => telling[index] === 'this')
  const left = named.length > 0 ? named : branches.filter((_, index) => telling[index] !== 'other')
  const only = left.length === 1 ? left[0] : undefined
  return only === undefined ? walkBest(node, left, at, context, () => false) : context.walk(node, only, at, context)
}

function words(branch: Schema): [name: string, word: string][] {
  return Object.entries(branch.properties ?? {}).flatMap(([name, property]) => {
    const only = property.enum?.length === 1 ? property.enum[0] : undefined
    return only === undefined ? [] : [[name, only] as [string, string]]
  })
}

function tells(branch: Schema, node: MapNode): 'this' | 'other' | 'nothing' {
  let stated = false
  for (const [name, word] of words(branch)) {
    const entry = entryOf(node, name)
    // A word that is required and not stated is some other branch's business, if one can do without.
    if (entry === undefined) continue
    if (entry.node.kind !== 'scalar' || entry.node.value !== word) return 'other'
    stated = true
  }
  return stated ? 'this' : 'nothing'
}

function wrongTell(
  node: MapNode,
  branches: readonly Schema[],
  schema: Schema,
  at: At,
  context: WalkContext,
): undefined {
  const name = branches.flatMap((branch) => words(branch).map(([key]) => key)).find((key) => entryOf(node, key))
  const entry = name === undefined ? undefined : entryOf(node, name)
  if (entry === undefined) return wrongKind(node, schema, at, context)
  const known = branches.map((branch) => branch.properties?.[entry.key] ?? {})
  const found = entry.node.kind === 'scalar' ? String(entry.node.value) : ''
  const proposal = didYouMean(
    found,
    known.flatMap((property) => property.enum ?? []),
  )
  const must = `${label({ ...at, path: `${at.path}.${entry.key}` })} must be ${asked({ oneOf: known })}`
  return context.error('E026', entry.node.place, `${must}, found ${describe(entry.node)}${proposal}`)
}
