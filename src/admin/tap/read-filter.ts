/** A query, or the flags of `outrigger tap`, as a filter. Every mistake is told in one sentence. */
import { parseDuration } from '../../config/values/units.ts'
import { REASON_LIST } from '../../core/errors.ts'
import { GRPC_STATUS } from '../../core/grpc-status.ts'
import type { Direction } from '../../telemetry/index.ts'
import type { StatusRange, TapFilter } from './filter.ts'

/** Each may stand several times, and hold several words with commas between, but for the last two. */
export const TAP_FIELDS = [
  'route',
  'service',
  'reason',
  'status',
  'method',
  'direction',
  'slower-than',
  'limit',
] as const

export type TapField = (typeof TAP_FIELDS)[number]
type Field = TapField
/** Words of one filter: they are looked at for every exchange, as long as the tap is open. */
const MOST_WORDS = 50

/** What is wrong with a field. */
class Mistake extends Error {}

/** `label` names a field as whoever asks knows it: `status`, `--status`. */
export function readFilter(query: URLSearchParams, label: (field: string) => string): TapFilter | string {
  const strange = [...query.keys()].find((key) => !(TAP_FIELDS as readonly string[]).includes(key))
  if (strange !== undefined) return `there is no ${label(strange)}; there are ${TAP_FIELDS.map(label).join(', ')}`
  const texts = (field: Field, read: (text: string) => string[]): string[] => {
    const found = query.getAll(field).flatMap(read).filter(Boolean)
    return found.length > MOST_WORDS ? fail(`${label(field)} may hold at most ${MOST_WORDS} words`) : found
  }
  const words = (field: Field) => texts(field, (text) => text.split(','))
  const each = <T>(field: Field, must: string, read: (word: string) => T | undefined): T[] =>
    words(field).map((word) => read(word) ?? fail(`${label(field)} must be ${must}, found '${word}'`))
  try {
    return {
      routes: texts('route', (text) => [text]),
      services: words('service'),
      reasons: each('reason', 'any, a reason such as circuit_open, a status or grpc:NAME', reasonOf),
      statuses: each('status', 'a status such as 503, 5xx, 500-503 or grpc:UNAVAILABLE', statusOf),
      methods: words('method').map((word) => word.toUpperCase()),
      directions: each('direction', 'inbound or outbound', directionOf),
      slowerThan: slowerThan(query, label),
      limit: limitOf(query, label),
    }
  } catch (error) {
    if (error instanceof Mistake) return error.message
    throw error
  }
}

function fail(sentence: string): never {
  throw new Mistake(sentence)
}

function reasonOf(word: string): string | undefined {
  const known = word === 'any' || (REASON_LIST as readonly string[]).includes(word) || /^[1-5]\d\d$/.test(word)
  return known || grpcOf(word) >= 0 ? word : undefined
}

function statusOf(word: string): StatusRange | undefined {
  const grpc = grpcOf(word)
  if (grpc >= 0) return { least: 0, most: 0, grpc }
  const [, first = '', last = first] = /^([1-5]\d\d|[1-5]xx)(?:-([1-5]\d\d))?$/.exec(word) ?? []
  const least = Number(first.replace('xx', '00'))
  const most = Number(last.replace('xx', '99'))
  const isRange = first !== '' && most >= least && !(first.endsWith('xx') && last !== first)
  return isRange ? { least, most, grpc: -1 } : undefined
}

function grpcOf(word: string): number {
  return word.startsWith('grpc:') ? (GRPC_STATUS as readonly string[]).indexOf(word.slice(5)) : -1
}

function directionOf(word: string): Direction | undefined {
  return word === 'inbound' || word === 'outbound' ? word : undefined
}

function slowerThan(query: URLSearchParams, label: (field: string) => string): number {
  const text = query.get('slower-than') ?? ''
  if (text === '') return 0
  const read = parseDuration(text)
  return read.ok ? read.value : fail(`${label('slower-than')} must be ${read.must}, found '${text}'`)
}

function limitOf(query: URLSearchParams, label: (field: string) => string): number {
  const text = query.get('limit') ?? ''
  if (text === '') return Number.POSITIVE_INFINITY
  const limit = Number(text)
  if (/^\d{1,15}$/.test(text) && limit > 0) return limit
  return fail(`${label('limit')} must be a whole number from 1 on, found '${text}'`)
}
