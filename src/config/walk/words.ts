/** What a schema asks for, in words. */
import type { Schema } from '../../core/policy.ts'

const FORMATS = {
  duration: 'a duration such as 250ms or 2s',
  size: 'a size such as 64KiB or 1MiB',
  percentage: 'a percentage such as 20%',
  rate: 'a rate such as 100/s',
  address: 'an address HOST:PORT',
  outcome: 'a reason, a status or grpc:NAME',
  time: 'a time such as 2026-12-31T00:00:00Z',
} as const

const TYPES = {
  object: 'a mapping',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
} as const

/** To stand after "must be". */
export function asked(schema: Schema): string {
  if (schema.oneOf !== undefined) return oneOfAsked(schema.oneOf)
  if (schema.enum !== undefined) return list(schema.enum)
  if (schema.format !== undefined) return [FORMATS[schema.format], ...Object.keys(schema.words ?? {})].join(' or ')
  if (schema.expects !== undefined) return schema.expects
  if (schema.pattern !== undefined) return `text of the form ${schema.pattern}`
  return schema.type === undefined ? 'a value' : TYPES[schema.type]
}

function oneOfAsked(branches: readonly Schema[]): string {
  if (branches.every((branch) => branch.enum !== undefined))
    return list(branches.flatMap((branch) => branch.enum ?? []))
  return [...new Set(branches.map(asked))].join(' or ')
}

function list(words: readonly string[]): string {
  return words.length === 1 ? `${words[0]}` : `one of ${words.join(', ')}`
}

/** `between 1ms and 24h`. */
export function bounds(least: number | string | undefined, most: number | string | undefined): string {
  if (least === undefined) return `at most ${most}`
  return most === undefined ? `at least ${least}` : `between ${least} and ${most}`
}
