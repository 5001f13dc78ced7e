/**
 * Node + schema → value: checked, complete, in ms, bytes and fractions. Schemas are plain data with our conventions
 * (`core/policy.ts`); why this is not a package: docs/decisions/0010-our-own-schema-walker.md.
 */
import type { Schema } from '../../core/policy.ts'
import type { Report } from '../issues.ts'
import type { Place } from '../model.ts'
import { describe, type Node } from '../yaml/tree.ts'
import { type At, below, label, WalkContext } from './context.ts'
import { walkObject } from './object.ts'
import { walkOneOf } from './one-of.ts'
import { walkQuantity } from './quantity.ts'
import { walkBoolean, walkNumber, walkText } from './scalar.ts'

export function newWalk(report: Report, subject: string): WalkContext {
  return new WalkContext(report, subject, walk)
}

/** undefined where the node is wrong (then `context.report` has an error) or where the schema has no value for it. */
function walk(node: Node, schema: Schema, at: At, context: WalkContext): unknown {
  if (schema.oneOf !== undefined) return walkOneOf(node, schema, at, context)
  if (schema.format !== undefined) return walkQuantity(node, schema, at, context)
  switch (schema.type) {
    case 'object':
      return walkObject(node, schema, at, context)
    case 'array':
      return walkList(node, schema, at, context)
    case 'integer':
    case 'number':
      return walkNumber(node, schema, at, context)
    case 'boolean':
      return walkBoolean(node, schema, at, context)
    default:
      return walkText(node, schema, at, context)
  }
}

function walkList(node: Node, schema: Schema, at: At, context: WalkContext): unknown {
  if (node.kind !== 'list') {
    const proposal = node.kind === 'scalar' && node.value !== null ? `: write [${node.source}]` : ''
    const place: Place = node.kind === 'scalar' && node.value === null ? at.key : node.place
    return context.error('E022', place, `${label(at)} must be a list, found ${describe(node)}${proposal}`)
  }
  if (node.items.length < (schema.minItems ?? 0)) {
    const few = `${label(at)} must have at least ${schema.minItems}`
    return context.error('E025', node.place, `${few}, found ${node.items.length}: leave the key out if none is meant`)
  }
  const items = schema.items ?? {}
  return node.items.map((item, index) => {
    const inner = below(at, index, item.place)
    context.places.set(inner.path, { key: item.place, value: item.place })
    return context.walk(item, items, inner, context)
  })
}
