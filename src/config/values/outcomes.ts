/** The tokens of `when` and `failures`. */
import { REASON_LIST } from '../../core/errors.ts'
import { GRPC_STATUS } from '../../core/grpc-status.ts'
import { type Parsed, parsed, unreadable } from './parsed.ts'
import { nearest } from './spelling.ts'

const GROUPS = ['timeout', '5xx']
const MUST = 'a reason such as connect_failure, timeout, 5xx, a status, a range 502-504, or grpc:NAME'

/** Words that are known from other meshes and libraries, by what they are called here. */
const FOREIGN: Readonly<Record<string, string>> = {
  'connect-failure': 'connect_failure',
  'gateway-error': '502-504',
  'refused-stream': 'upstream_reset',
  reset: 'upstream_reset',
  'retriable-4xx': '409',
  '4xx': '400-499',
  'server-error': '5xx',
}

/** `others`: further words that this list takes, such as `any` in a fallback. */
export function parseOutcome(text: string, others: readonly string[] = []): Parsed<string> {
  const words = [...others, ...GROUPS, ...REASON_LIST]
  if (words.includes(text)) return parsed(text)
  if (/^grpc:/i.test(text)) return grpc(text)
  const range = /^([0-9]+)(?:-([0-9]+))?$/.exec(text)
  if (range !== null) return statuses(text, Number(range[1]), Number(range[2] ?? range[1]))
  if (text === 'any') return unreadable(MUST, 'any is for fallbacks only')
  const upper = text.toUpperCase()
  if ((GRPC_STATUS as readonly string[]).includes(upper)) return unreadable(MUST, `write grpc:${upper}`)
  const meant = FOREIGN[text.toLowerCase()] ?? nearest(text, words)
  return unreadable(MUST, meant === undefined ? '' : `did you mean '${meant}'?`)
}

function grpc(text: string): Parsed<string> {
  const name = text.slice(5)
  if (text.startsWith('grpc:') && (GRPC_STATUS as readonly string[]).includes(name) && name !== 'OK')
    return parsed(text)
  const must = 'grpc: and a status such as grpc:UNAVAILABLE'
  const byNumber = /^[0-9]+$/.test(name) ? GRPC_STATUS[Number(name)] : undefined
  const meant = byNumber ?? nearest(name.toUpperCase(), GRPC_STATUS.slice(1))
  return unreadable(must, meant === undefined || meant === 'OK' ? '' : `did you mean 'grpc:${meant}'?`)
}

function statuses(text: string, from: number, to: number): Parsed<string> {
  if (from >= 100 && to <= 599 && from <= to) return parsed(text)
  const must = 'a status from 100 to 599 or a range of them, the lower first'
  return unreadable(must, from > to ? `write ${to}-${from}` : '')
}
