/** Generated HTTP/1.1 messages, each with what it means; and ways to spoil them. */
import type { Seeded } from '../support/seeded.ts'

/** What a message says, whatever bytes say it. */
export interface Meaning {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly status: number
  readonly reasonPhrase: string
  /** End-to-end fields, in order and case; without Host and Content-Length. */
  readonly fields: readonly string[]
  readonly body: string
  readonly trailers: readonly string[]
}

export interface Generated {
  readonly bytes: Buffer
  readonly meaning: Meaning
  /** An answer that only the end of the connection ends. */
  readonly untilClose: boolean
}

const NAMES = [
  'Accept',
  'accept-language',
  'X-One',
  'x-one',
  'X-TWO',
  'Cookie',
  'a',
  'X_Under',
  "X-!#$%&'*+.^`|~",
  'ETag',
]
const VALUES = [
  '1',
  '',
  'a, b',
  'text/html;q=0.8',
  '"quoted \\" ,"',
  'two  spaces',
  '\xe4\xf6 latin',
  'a:b',
  '=?utf-8?',
  '\x80\xff',
]
const SPACES = ['', ' ', ' ', ' ', '  ', '\t', ' \t ']
const BODY_BYTES = 'abc\r\n0123\0\xff:; '

/** A method Node's parser knows, too. */
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'REPORT']
const TARGETS = ['/', '/a/b?c=d&e', '/a/%2e%2e/x;p=1', '//twice', '/?', "/~!$&'()*+,=@:", '/a?b?c/d']

function text(random: Seeded, most: number): string {
  return Array.from({ length: random.int(most + 1) }, () => random.pick([...BODY_BYTES])).join('')
}

function fieldsOf(random: Seeded, most: number): string[] {
  const fields: string[] = []
  const count = random.int(most + 1)
  for (let i = 0; i < count; i++) fields.push(random.pick(NAMES), random.pick(VALUES))
  return fields
}

function lines(random: Seeded, fields: readonly string[]): string {
  let out = ''
  for (let i = 0; i < fields.length; i += 2) {
    out += `${fields[i]}:${random.pick(SPACES)}${fields[i + 1]}${random.pick(SPACES)}\r\n`
  }
  return out
}

/** Whether `value` means itself: white space around it would not be part of it. */
const EXTENSIONS = ['', '', '', ';a', ';a=b', ';a="b;c\\"d"', ';a=b;c=d']

function chunked(random: Seeded, body: string, trailers: readonly string[]): string {
  let out = ''
  for (let at = 0; at < body.length; ) {
    const size = random.between(1, body.length - at)
    const hex = random.chance(0.5)
      ? size.toString(16)
      : size.toString(16).toUpperCase().padStart(random.between(1, 4), '0')
    out += `${hex}${random.pick(EXTENSIONS)}\r\n${body.slice(at, at + size)}\r\n`
    at += size
  }
  return `${out}${random.pick(['0', '0', '00', '0;last'])}\r\n${lines(random, trailers)}\r\n`
}

/** Inserts `line` somewhere among the field lines. */
function among(random: Seeded, block: string, line: string): string {
  const all = block === '' ? [] : block.slice(0, -2).split('\r\n')
  all.splice(random.int(all.length + 1), 0, line)
  return `${all.join('\r\n')}\r\n`
}

interface Framed {
  readonly lines: string
  readonly content: string
  readonly body: string
  readonly trailers: string[]
}

function framed(random: Seeded, block: string, most: number, kind: 'none' | 'length' | 'chunked'): Framed {
  if (kind === 'none') return { lines: block, content: '', body: '', trailers: [] }
  const body = text(random, most)
  if (kind === 'length') {
    const name = random.pick(['Content-Length', 'content-length', 'CONTENT-LENGTH'])
    return { lines: among(random, block, `${name}: ${body.length}`), content: body, body, trailers: [] }
  }
  const trailers = random.chance(0.3) ? ['X-Sum', random.pick(VALUES), 'x-b', '2'].slice(0, random.pick([2, 4])) : []
  const name = random.pick(['Transfer-Encoding', 'transfer-encoding'])
  const coding = random.pick(['chunked', 'chunked', 'Chunked'])
  return { lines: among(random, block, `${name}: ${coding}`), content: chunked(random, body, trailers), body, trailers }
}

const HOSTS = ['origin', 'Origin:80', 'a.b-c.test:8080', '127.0.0.1', '[::1]:1']

/** Up to about 200 bytes, to one of these hosts. */
export function makeRequest(random: Seeded, hosts: readonly string[] = HOSTS): Generated {
  const method = random.pick(METHODS)
  const path = random.pick(TARGETS)
  const host = random.pick(hosts)
  const absolute = random.chance(0.15)
  const target = absolute ? `http://${host}${path}` : path
  const fields = fieldsOf(random, 3)
  let block = lines(random, fields)
  block = among(random, block, `${random.pick(['Host', 'host', 'HOST'])}: ${absolute ? 'other' : host}`)
  if (random.chance(0.1)) block = among(random, block, 'Connection: keep-alive')
  const kind = method === 'GET' ? 'none' : random.pick(['none', 'length', 'chunked'] as const)
  const { lines: all, content, body, trailers } = framed(random, block, 40, kind)
  const bytes = Buffer.from(`${method} ${target} HTTP/1.1\r\n${all}\r\n${content}`, 'latin1')
  const start = { method, target: path, authority: host, status: 0, reasonPhrase: '' }
  return { bytes, meaning: { ...start, fields, body, trailers }, untilClose: false }
}

const REASONS = ['OK', '', 'Not  Found', 'a\tb', '\xe4']

/** An answer to `method`. */
export function makeResponse(random: Seeded, method: string): Generated {
  const status = random.pick([200, 200, 201, 204, 206, 304, 404, 500, 503, 599])
  const reasonPhrase = random.pick(REASONS)
  const fields = fieldsOf(random, 3)
  const bodiless = method === 'HEAD' || status === 204 || status === 304
  const version = random.chance(0.1) ? '1.0' : '1.1'
  const kind = bodiless ? 'none' : random.pick(['length', version === '1.0' ? 'length' : 'chunked', 'none'] as const)
  let { lines: all, content, body, trailers } = framed(random, lines(random, fields), 40, kind)
  const untilClose = kind === 'none' && !bodiless
  if (untilClose) {
    body = text(random, 40)
    content = body
  }
  if (bodiless && status !== 204 && random.chance(0.4)) all = among(random, all, 'Content-Length: 17')
  let early = ''
  if (version === '1.1') {
    if (random.chance(0.2)) early += `HTTP/1.1 103 Early Hints\r\n${lines(random, ['Link', '</a>'])}\r\n`
    if (random.chance(0.1)) early += 'HTTP/1.1 100 Continue\r\n\r\n'
  }
  const bytes = Buffer.from(`${early}HTTP/${version} ${status} ${reasonPhrase}\r\n${all}\r\n${content}`, 'latin1')
  const start = { method: '', target: '', authority: '', status, reasonPhrase }
  return { bytes, meaning: { ...start, fields, body, trailers }, untilClose }
}

const SPOILERS = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '"',
  '\\',
  '=',
  '0',
  '1',
  'f',
  'g',
  '-',
  '+',
  'x',
  '\x7f',
  '\x80',
  '\xff',
]
const SPOILING_LINES = [
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length: 1, 1',
  'Content-Length : 3',
  'Content-Length: +3',
  'Content-Length: 0x3',
  'Content-Length:',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, gzip',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: "chunked"',
  'Transfer_Encoding: chunked',
  ' folded',
  'Host: two',
  'Connection: close',
  'Connection: content-length, transfer-encoding',
  'X: \rY: 1',
]

/** `bytes` with one to three faults in them. */
export function spoil(random: Seeded, bytes: Buffer): Buffer {
  let out = bytes.toString('latin1')
  const faults = random.between(1, 3)
  for (let i = 0; i < faults; i++) {
    const at = random.int(out.length + 1)
    const dice = random.int(10)
    if (dice < 3) out = out.slice(0, at) + random.pick(SPOILERS) + out.slice(at)
    else if (dice < 6) out = out.slice(0, at) + random.pick(SPOILERS) + out.slice(at + 1)
    else if (dice < 7) out = out.slice(0, at) + out.slice(at + random.between(1, 3))
    else {
      const ends = [...out.matchAll(/\r\n/g)].map((match) => match.index + 2)
      const end = ends.length === 0 ? at : random.pick(ends)
      out = `${out.slice(0, end)}${random.pick(SPOILING_LINES)}\r\n${out.slice(end)}`
    }
  }
  return Buffer.from(out, 'latin1')
}
