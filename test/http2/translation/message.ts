/** What a peer on either side of the proxy saw, the same for both versions of HTTP, and what no sender may have sent. */
import type { Message } from '../../support/read-message.ts'
import type { Fields } from '../../support/http2-raw.ts'

/** Names in lower case; `fields` without pseudo-header fields, framing, Host and what the proxy adds of its own. */
export interface Seen {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly status: number
  readonly fields: Fields
  /** As it stands in the head, or undefined. */
  readonly length: string | undefined
  readonly body: string
  readonly trailers: Fields
}

/** What the proxy says on every message. */
const ADDED = new Set([
  'via',
  'traceparent',
  'tracestate',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-outrigger-attempt',
  'x-outrigger-timeout-ms',
  'b3',
])
const FRAMING = new Set(['host', 'content-length', 'transfer-encoding', 'connection'])

function meant(fields: Fields): Fields {
  return fields.filter(([name]) => !name.startsWith(':') && !ADDED.has(name) && !FRAMING.has(name))
}

export function firstOf(fields: Fields, name: string): string | undefined {
  return fields.find(([one]) => one === name)?.[1]
}

export function paired(flat: readonly string[]): Fields {
  const fields: [string, string][] = []
  for (let i = 0; i < flat.length; i += 2) fields.push([(flat[i] as string).toLowerCase(), flat[i + 1] as string])
  return fields
}

export function fromHttp1(message: Message): Seen {
  const fields = paired(message.fields)
  return {
    method: message.method,
    target: message.target,
    authority: firstOf(fields, 'host') ?? '',
    status: message.status,
    fields: meant(fields),
    length: firstOf(fields, 'content-length'),
    body: message.body.toString('latin1'),
    trailers: paired(message.trailers),
  }
}

export function fromHttp2(head: Fields, body: string, trailers: Fields): Seen {
  return {
    method: firstOf(head, ':method') ?? '',
    target: firstOf(head, ':path') ?? '',
    authority: firstOf(head, ':authority') ?? '',
    status: Number(firstOf(head, ':status') ?? 0),
    fields: meant(head),
    length: firstOf(head, 'content-length'),
    body,
    trailers,
  }
}

const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/
const ONLY_HTTP1 = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'host'])

/** What is wrong with a field section as HTTP/2 has it (RFC 9113 §8.2, §8.3); `pseudo` are those that must stand there. */
export function wrongFields(fields: Fields, pseudo: readonly string[]): string[] {
  const found: string[] = []
  const names = fields.map(([name]) => name)
  const first = names.findIndex((name) => !name.startsWith(':'))
  const heading = first < 0 ? names : names.slice(0, first)
  if ([...heading].sort().join(' ') !== [...pseudo].sort().join(' ')) found.push(`pseudo-header fields ${heading}`)
  for (const [name, value] of fields.slice(heading.length)) {
    if (!NAME.test(name)) found.push(`the name ${JSON.stringify(name)}`)
    if (ONLY_HTTP1.has(name)) found.push(`the field ${name}`)
    if (name === 'te' && value !== 'trailers') found.push(`te: ${value}`)
    if (name === 'content-length' && !/^\d+$/.test(value)) found.push(`content-length: ${value}`)
  }
  for (const [name, value] of fields) {
    if (!VALUE.test(value)) found.push(`the value ${JSON.stringify(value)} of ${name}`)
  }
  if (names.filter((name) => name === 'content-length').length > 1) found.push('more than one content-length')
  return found
}

/** What is wrong with a head that was read strictly as HTTP/1.1, beyond what that reading refuses. */
export function wrongHttp1(message: Message): string[] {
  const found: string[] = []
  const fields = paired(message.fields)
  const connection = fields.filter(([name]) => name === 'connection').map(([, value]) => value.toLowerCase())
  for (const [name, value] of fields)
    if (!VALUE.test(value)) found.push(`the value ${JSON.stringify(value)} of ${name}`)
  // RFC 9110 §10.1.4, §7.8: what concerns one connection is named in Connection.
  for (const name of ['te', 'upgrade']) {
    if (firstOf(fields, name) !== undefined && !connection.some((value) => value.split(/, */).includes(name)))
      found.push(`${name} that Connection does not name`)
  }
  if (fields.some(([name]) => name.startsWith(':'))) found.push('a pseudo-header field')
  if (message.status === 0) {
    const hosts = fields.filter(([name]) => name === 'host')
    if (hosts.length !== 1) found.push(`${hosts.length} Host fields`)
    if (!/^(\/|\*$)/.test(message.target)) found.push(`the target ${message.target}`)
  }
  const bodiless = message.status === 204 || (message.status >= 100 && message.status < 200)
  if (bodiless && fields.some(([name]) => name === 'content-length' || name === 'transfer-encoding'))
    found.push(`a ${message.status} with framing`)
  return found
}

/** Like JSON, with every byte visible. */
export function shown(value: unknown): string {
  return JSON.stringify(value).replace(/[\x7f-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)
}
