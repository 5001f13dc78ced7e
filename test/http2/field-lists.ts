/** Lists of fields to encode: what repeats, what changes each time, what is sensitive, what needs CONTINUATION. */
import type { Seeded } from '../support/seeded.ts'

/** Flat: name, value, name, value. */
export type Fields = readonly string[]

export interface FieldList {
  readonly fields: Fields
  /** Names that no table may keep. */
  readonly sensitive: readonly string[]
}

/** Once in a list; Node joins or refuses more of them. */
const SINGLE: readonly (readonly [string, readonly string[]])[] = [
  ['content-type', ['text/plain', 'application/json', 'application/grpc+proto']],
  ['accept', ['*/*', 'text/html,application/xhtml+xml;q=0.9']],
  ['user-agent', ['agent/1.0', 'Mozilla/5.0 (X11; Linux x86_64)']],
  ['accept-language', ['de', 'en, de;q=0.8']],
  ['etag', ['"1"', 'W/"abc"']],
  ['authorization', ['Bearer abcdefghijklmnop', 'Basic dTpw']],
  ['cookie', ['a=b', 'session=0123456789abcdef; theme=dark']],
]
const NAMES = ['x-t-one', 'x-t-two', 'x-t-three', 'x-t-a-name-that-is-rather-long-for-a-field', 'x-t-4', 'grpc-t-5']
const SENSITIVE = ['x-t-secret', 'x-t-token']
const VALUES = ['', '1', 'a, b', '"q;\\" "', 'two  spaces', '\xe4\xff', '~^|{}<>', 'x'.repeat(300), 'y'.repeat(1000)]

function value(random: Seeded): string {
  const kind = random.int(10)
  if (kind < 6) return random.pick(VALUES)
  if (kind < 9) return `${random.word()}-${random.word()}`
  const size = random.int(1200)
  return `|${Array.from({ length: size }, () => String.fromCharCode(random.between(33, 126))).join('')}|`
}

/** A value near to a frame or larger. */
function longValue(random: Seeded): string {
  const size = random.pick([4000, 16_000, 16_384, 20_000, 33_000]) + random.between(-200, 200)
  return random.pick(['~', 'long-value;', '\xff']).repeat(size).slice(0, size)
}

export function makeList(random: Seeded): FieldList {
  const fields: string[] = []
  for (const [name, values] of SINGLE) if (random.chance(0.3)) fields.push(name, random.pick(values))
  for (let i = random.pick([0, 2, 5, 20]); i > 0; i--) fields.push(random.pick(NAMES), value(random))
  if (random.chance(0.05)) fields.push(`x-t-new-${random.int(600)}`, value(random))
  if (random.chance(0.02)) fields.push('x-t-long', longValue(random))
  const sensitive = random.chance(0.2) ? SENSITIVE.slice(0, random.between(1, 2)) : []
  for (const name of sensitive) fields.push(name, random.pick(['secret', String(random.word())]))
  return { fields, sensitive }
}

const KNOWN = new Set(SINGLE.map(([name]) => name))

/** Only those that `makeList` makes: others add fields of their own. */
export function known(raw: Fields): string[] {
  const kept: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (KNOWN.has(name) || /^(x|grpc)-t-/.test(name)) kept.push(name, raw[i + 1] as string)
  }
  return kept
}

/** Names in their first places, and their values together, as an object of fields has them. */
export function grouped(fields: Fields): Record<string, string | string[]> {
  const groups: Record<string, string | string[]> = {}
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    const before = groups[name]
    if (before === undefined) groups[name] = value
    else if (Array.isArray(before)) before.push(value)
    else groups[name] = [before, value]
  }
  return groups
}

export function flat(groups: Record<string, string | string[]>): string[] {
  return Object.entries(groups).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]))
}
