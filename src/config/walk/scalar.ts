/** Text, words, numbers and booleans. Quantities with units are in quantity.ts. */
import type { Schema } from '../../core/policy.ts'
import { didYouMean } from '../values/spelling.ts'
import { describe, type Node, shorten } from '../yaml/tree.ts'
import { type At, label, type WalkContext } from './context.ts'
import { asked, bounds } from './words.ts'

export function walkText(node: Node, schema: Schema, at: At, context: WalkContext): string | undefined {
  const must = `${label(at)} must be ${asked(schema)}, found ${describe(node)}`
  if (node.kind !== 'scalar' || node.value === null) return context.error('E022', node.place, must)
  if (typeof node.value !== 'string') {
    const fits = schema.enum === undefined && (schema.pattern === undefined || fitsPattern(node.source, schema.pattern))
    const proposal = fits ? `: write "${shorten(node.source)}"` : ''
    return context.error('E022', node.place, `${must}${proposal}`)
  }
  if (schema.enum !== undefined && !schema.enum.includes(node.value)) {
    return context.error('E026', node.place, `${must}${didYouMean(node.value, schema.enum)}`)
  }
  if (schema.pattern !== undefined && !fitsPattern(node.value, schema.pattern)) {
    return context.error('E024', node.place, `${must}${mended(node.value, schema.pattern)}`)
  }
  return node.value
}

export function walkNumber(node: Node, schema: Schema, at: At, context: WalkContext): number | undefined {
  const must = `${label(at)} must be ${asked(schema)}, found ${describe(node)}`
  if (node.kind !== 'scalar' || typeof node.value !== 'number' || !Number.isFinite(node.value)) {
    const digits =
      node.kind === 'scalar' && typeof node.value === 'string' ? /^[0-9]+/.exec(node.value)?.[0] : undefined
    return context.error('E022', node.place, digits === undefined ? must : `${must}: write ${digits}`)
  }
  if (schema.type === 'integer' && !Number.isSafeInteger(node.value)) return context.error('E022', node.place, must)
  const { minimum, maximum } = schema
  if (
    (minimum !== undefined && node.value < Number(minimum)) ||
    (maximum !== undefined && node.value > Number(maximum))
  ) {
    const range = bounds(minimum, maximum)
    return context.error('E025', node.place, `${label(at)} must be ${range}, found ${shorten(node.source)}`)
  }
  return node.value
}

/** What YAML 1.1 took for booleans, and 1.2 takes for text. */
const OLD_BOOLEANS: Readonly<Record<string, boolean>> = { yes: true, on: true, no: false, off: false }

export function walkBoolean(node: Node, _schema: Schema, at: At, context: WalkContext): boolean | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
  const must = `${label(at)} must be true or false, found ${describe(node)}`
  const meant = node.kind === 'scalar' ? OLD_BOOLEANS[node.source.toLowerCase()] : undefined
  return context.error('E022', node.place, meant === undefined ? must : `${must}: write ${meant}`)
}

/** The same text in the other case, or with hyphens, where that fits. */
function mended(text: string, pattern: string): string {
  const lower = text.toLowerCase()
  const tries = [lower, text.toUpperCase(), text.trim(), lower.trim().replace(/[_ ]+/g, '-')]
  const fit = tries.find((candidate) => fitsPattern(candidate, pattern))
  return fit === undefined ? '' : `: write '${shorten(fit)}'`
}

const compiled = new Map<string, RegExp>()

function fitsPattern(text: string, pattern: string): boolean {
  let regex = compiled.get(pattern)
  if (regex === undefined) {
    regex = new RegExp(pattern, 'u')
    compiled.set(pattern, regex)
  }
  return regex.test(text)
}
