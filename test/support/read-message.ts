/**
 * An independent, strict HTTP/1.1 reader, as a client or an origin would be that trusts nobody (RFC 9112). It shares
 * nothing with `src/http1`: whole messages out of a buffer, no state, an error for everything a sender must not do.
 */

export interface Message {
  /** The start line without its end. */
  readonly start: string
  /** 0 for a request. */
  readonly status: number
  readonly method: string
  readonly target: string
  /** name, value, name, value as they came. */
  readonly fields: readonly string[]
  readonly body: Buffer
  readonly trailers: readonly string[]
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  /** 1xx heads in front of it. */
  readonly informational: readonly Message[]
  /** Where the next message starts. */
  readonly next: number
}

export class Nonsense extends Error {
  override readonly name = 'Nonsense'
}

function insist(holds: boolean, what: string): void {
  if (!holds) throw new Nonsense(what)
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Lines up to the empty one; undefined when it has not come yet. */
function lines(text: string, from: number): { lines: string[]; next: number } | undefined {
  const end = text.startsWith('\r\n', from) ? from : text.indexOf('\r\n\r\n', from) + 2
  if (end < from + 2 && end !== from) return undefined
  const block = text.slice(from, end)
  insist(!/\r(?!\n)|(?<!\r)\n/.test(block), 'a bare CR or LF in the head')
  return { lines: block === '' ? [] : block.slice(0, -2).split('\r\n'), next: end + 2 }
}

function fieldsOf(list: readonly string[]): string[] {
  const fields: string[] = []
  for (const line of list) {
    const colon = line.indexOf(':')
    insist(colon > 0, `a field line without a name: ${JSON.stringify(line)}`)
    const name = line.slice(0, colon)
    insist(TOKEN.test(name), `a field name that is no token: ${JSON.stringify(name)}`)
    insist(!/[\0\r\n]/.test(line), `a forbidden byte in ${name}`)
    fields.push(name, line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''))
  }
  return fields
}

export function values(message: Message, name: string): string[] {
  const found: string[] = []
  for (let i = 0; i < message.fields.length; i += 2) {
    if (message.fields[i]!.toLowerCase() === name) found.push(message.fields[i + 1] as string)
  }
  return found
}

interface Start {
  readonly status: number
  readonly method: string
  readonly target: string
}

function statusLine(line: string): Start {
  const match = /^HTTP\/1\.1 ([1-9][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)$/.exec(line)
  insist(match !== null, `a status line that is none: ${JSON.stringify(line)}`)
  return { status: Number(match![1]), method: '', target: '' }
}

function requestLine(line: string): Start {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.1$/.exec(line)
  insist(match !== null, `a request line that is none: ${JSON.stringify(line)}`)
  return { status: 0, method: match![1] as string, target: match![2] as string }
}

interface Framed {
  readonly framing: Message['framing']
  readonly body: Buffer
  readonly trailers: string[]
  readonly next: number
}

function chunked(bytes: Buffer, text: string, from: number): Framed | undefined {
  const parts: Buffer[] = []
  for (let at = from; ; ) {
    const eol = text.indexOf('\r\n', at)
    if (eol < 0) return undefined
    const match = /^([0-9A-Fa-f]{1,8})((?:[ \t]*;[^\r\n\0]*)?)$/.exec(text.slice(at, eol))
    insist(match !== null, `a chunk size that is none: ${JSON.stringify(text.slice(at, eol))}`)
    const size = Number.parseInt(match![1] as string, 16)
    at = eol + 2
    if (size === 0) {
      const trailer = lines(text, at)
      if (trailer === undefined) return undefined
      return { framing: 'chunked', body: Buffer.concat(parts), trailers: fieldsOf(trailer.lines), next: trailer.next }
    }
    if (bytes.length < at + size + 2) return undefined
    insist(text.slice(at + size, at + size + 2) === '\r\n', 'a chunk without CRLF behind it')
    parts.push(bytes.subarray(at, at + size))
    at += size + 2
  }
}

function bodyOf(
  bytes: Buffer,
  text: string,
  from: number,
  head: Message,
  bodiless: boolean,
  closed: boolean,
): Framed | undefined {
  const encodings = values(head, 'transfer-encoding')
  const lengths = values(head, 'content-length')
  insist(encodings.length === 0 || lengths.length === 0, 'both Transfer-Encoding and Content-Length')
  insist(lengths.length <= 1, 'more than one Content-Length')
  insist(encodings.length <= 1, 'more than one Transfer-Encoding')
  const none: Framed = { framing: 'none', body: Buffer.alloc(0), trailers: [], next: from }
  if (bodiless) return none
  if (encodings.length === 1) {
    insist(encodings[0]!.toLowerCase() === 'chunked', `Transfer-Encoding ${encodings[0]}`)
    return chunked(bytes, text, from)
  }
  if (lengths.length === 1) {
    insist(/^[0-9]+$/.test(lengths[0] as string), `Content-Length ${lengths[0]}`)
    const next = from + Number(lengths[0])
    if (bytes.length < next) return undefined
    return { framing: 'length', body: bytes.subarray(from, next), trailers: [], next }
  }
  if (head.status === 0) return none
  return closed ? { framing: 'close', body: bytes.subarray(from), trailers: [], next: bytes.length } : undefined
}

function read(
  bytes: Buffer,
  from: number,
  startOf: (line: string) => Start,
  bodiless: (start: Start) => boolean,
  closed: boolean,
): Message | undefined {
  const text = bytes.toString('latin1')
  const informational: Message[] = []
  for (let at = from; ; ) {
    const head = lines(text, at)
    if (head === undefined) return undefined
    insist(head.lines.length > 0, 'an empty line instead of a start line')
    const start = head.lines[0] as string
    const none = { body: Buffer.alloc(0), trailers: [], framing: 'none' as const, informational: [] }
    const message: Message = {
      start,
      ...startOf(start),
      fields: fieldsOf(head.lines.slice(1)),
      ...none,
      next: head.next,
    }
    if (message.status >= 100 && message.status < 200 && message.status !== 101) {
      informational.push(message)
      at = head.next
      continue
    }
    const body = bodyOf(bytes, text, head.next, message, bodiless(message), closed)
    return body && { ...message, ...body, informational }
  }
}

export interface Expected {
  /** Of the request that is answered. */
  readonly method?: string
  /** The connection has ended in order: a body without framing is whole. */
  readonly closed?: boolean
  readonly from?: number
}

/** The response at `from`, undefined when it is not whole. Throws `Nonsense`. */
export function readResponse(bytes: Buffer, expected: Expected = {}): Message | undefined {
  const { method = 'GET', closed = false, from = 0 } = expected
  const bodiless = ({ status }: Start): boolean =>
    method === 'HEAD' || status === 204 || status === 304 || status === 101 || (method === 'CONNECT' && status < 300)
  return read(bytes, from, statusLine, bodiless, closed)
}

/** The request at `from`, undefined when it is not whole. Throws `Nonsense`. */
export function readRequest(bytes: Buffer, from = 0): Message | undefined {
  return read(bytes, from, requestLine, () => false, false)
}
