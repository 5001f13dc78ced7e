/** Answers of a hostile HTTP/1.1 upstream. */
import type { Fields } from '../../../support/http2-raw.ts'
import { shown } from '../message.ts'
import type { Case, Want } from './case.ts'

function answer(name: string, text: string, verdict: Case['verdict'], want: Want = {}, more: Partial<Case> = {}): Case {
  const bytes = Buffer.from(text, 'latin1')
  return { name, method: 'GET', bytes: () => bytes, behind: 'stay', verdict, want, ...more }
}

const FIN = { behind: 'fin' } as const
const RESET = { behind: 'reset' } as const
const HEAD = { method: 'HEAD' } as const

const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n\r\n`
const ok = (...fields: string[]): string => lines('HTTP/1.1 200 OK', ...fields)
const two = (...fields: string[]): string => `${ok(...fields, 'Content-Length: 2')}hi`
const CHUNKED = 'Transfer-Encoding: chunked'
const SMUGGLED = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

function each(values: readonly string[], make: (value: string) => Case): Case[] {
  return values.map((value) => {
    const it = make(value)
    return { ...it, name: `${it.name} ${shown(value)}` }
  })
}

const framings: Case[] = [
  answer('a length', two(), 'forward', { body: 'hi', length: '2' }),
  answer('length 0', ok('Content-Length: 0'), 'forward', { body: '', length: '0' }),
  answer('chunks', `${ok(CHUNKED)}1\r\nh\r\n1;a=b\r\ni\r\n0\r\n\r\n`, 'forward', { body: 'hi', length: undefined }),
  answer('no chunk', `${ok(CHUNKED)}0\r\n\r\n`, 'forward', { body: '' }),
  answer('until close', `${ok()}hi`, 'forward', { body: 'hi' }, FIN),
  answer('until close, HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhi', 'forward', { body: 'hi' }, FIN),
  answer('until close, nothing', ok(), 'forward', { body: '' }, FIN),
  answer('until close, and reset', `${ok()}hi`, 'break', {}, RESET),
  answer('a body that is an answer', `${ok(`Content-Length: ${SMUGGLED.length}`)}${SMUGGLED}`, 'forward', {
    body: SMUGGLED,
  }),
  answer('bytes behind it', `${two()}${SMUGGLED}`, 'forward', { body: 'hi' }),
  answer('less than the length', `${ok('Content-Length: 5')}hi`, 'break', {}, FIN),
  answer('less than the length, and reset', `${ok('Content-Length: 5')}hi`, 'break', {}, RESET),
  answer('chunks without an end', `${ok(CHUNKED)}2\r\nhi\r\n`, 'break', {}, FIN),
  answer('a chunk cut short', `${ok(CHUNKED)}5\r\nhi`, 'break', {}, FIN),
  answer('trailers cut short', `${ok(CHUNKED)}2\r\nhi\r\n0\r\nX-A: 1\r\n`, 'break', {}, FIN),
  ...each(['x', '', '-1', '2 ', '0x2', '2\n', 'ffffffffffffffff'], (size) =>
    answer('the chunk size', `${ok(CHUNKED)}${size}\r\nhi\r\n0\r\n\r\n`, 'break'),
  ),
  answer('a chunk longer than its size', `${ok(CHUNKED)}1\r\nhi\r\n0\r\n\r\n`, 'break'),
  answer('both framings', `${ok('Content-Length: 2', CHUNKED)}2\r\nhi\r\n0\r\n\r\n`, 'refuse'),
  ...each(['gzip', 'chunked, identity', 'x', ''], (coding) =>
    answer('transfer-encoding', `${ok(`Transfer-Encoding: ${coding}`)}2\r\nhi\r\n0\r\n\r\n`, 'refuse'),
  ),
  ...each(['', '+2', '-2', '2,2', '2 2', '0x2', 'a', '99999999999999999999'], (length) =>
    answer('the length', `${ok(`Content-Length: ${length}`)}hi`, 'refuse'),
  ),
  answer('two lengths', `${ok('Content-Length: 2', 'Content-Length: 2')}hi`, 'refuse'),
]

const bodiless: Case[] = [
  answer('HEAD', ok('Content-Length: 5'), 'forward', { length: '5', body: '' }, HEAD),
  answer('HEAD of chunks', ok(CHUNKED), 'forward', { length: undefined, body: '' }, HEAD),
  answer('HEAD until close', ok(), 'forward', { length: undefined, body: '' }, { ...HEAD, ...FIN }),
  answer('HEAD with a body', `${ok('Content-Length: 2')}hi`, 'forward', { body: '' }, HEAD),
  answer('204', lines('HTTP/1.1 204 No Content'), 'forward', { status: 204, length: undefined, body: '' }),
  answer('204 with length 0', lines('HTTP/1.1 204 No Content', 'Content-Length: 0'), 'forward', {
    status: 204,
    length: undefined,
  }),
  answer('204 with a length', `${lines('HTTP/1.1 204 No Content', 'Content-Length: 2')}hi`, 'refuse'),
  answer('204 in chunks', `${lines('HTTP/1.1 204 No Content', CHUNKED)}0\r\n\r\n`, 'refuse'),
  answer('204 and a body', `${lines('HTTP/1.1 204 No Content')}hi`, 'forward', { status: 204, body: '' }),
  answer('304', lines('HTTP/1.1 304 Not Modified', 'Content-Length: 5'), 'forward', {
    status: 304,
    length: '5',
    body: '',
  }),
  answer('304 without a length', lines('HTTP/1.1 304 Not Modified'), 'forward', { status: 304, body: '' }),
]

const hint = (...fields: string[]): string => lines('HTTP/1.1 103 Early Hints', ...fields)
const informational: Case[] = [
  answer('103, three times', `${hint('Link: </a>')}${hint()}${hint()}${two()}`, 'forward', {
    body: 'hi',
    informational: [103, 103, 103],
  }),
  answer('100 that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${two()}`, 'forward', {
    body: 'hi',
    informational: [100],
  }),
  answer('103 with length 0', `${hint('Content-Length: 0')}${two()}`, 'forward', { body: 'hi', informational: [103] }),
  answer('103 with a length', `${hint('Content-Length: 2')}hi${two()}`, 'refuse'),
  answer('103 in chunks', `${hint(CHUNKED)}0\r\n\r\n${two()}`, 'refuse'),
  answer(
    '103 with fields of the connection',
    `${hint('Connection: x-a', 'X-A: 1', 'Keep-Alive: timeout=5')}${two()}`,
    'forward',
    {
      body: 'hi',
      informational: [103],
    },
  ),
  answer('103 without end', hint().repeat(40), 'refuse'),
  answer('103 and then nothing', hint(), 'refuse', {}, FIN),
  answer('101 that nobody asked for', `${lines('HTTP/1.1 101 X', 'Connection: upgrade', 'Upgrade: x')}hi`, 'refuse'),
]

const started = (line: string): string => `${lines(line, 'Content-Length: 2')}hi`
const heads: Case[] = [
  ...each(['HTTP/1.1 200 OK', 'HTTP/1.1 200 ', 'HTTP/1.1 200 a\tb \xe4', 'HTTP/1.1 200'], (line) =>
    answer('the line', started(line), 'forward', { body: 'hi' }),
  ),
  ...each(
    [
      'HTTP/1.1 2000 OK',
      'HTTP/1.1 20 OK',
      'HTTP/1.1 2e2 OK',
      'HTTP/1.1 099 OK',
      'HTTP/1.1  200 OK',
      'HTTP/2 200 OK',
      'HTTP/1.1 200 a\0b',
      'HTTP/1.1 200 a\rb',
      'HTTP/1.1 200 a\nb',
      'hello',
    ],
    (line) => answer('the line', started(line), 'refuse'),
  ),
  ...each(
    [
      'X A: 1',
      'X\0: 1',
      ': 1',
      'X',
      'X : 1',
      ':status: 500',
      'X-\xe4: 1',
      'X: a\0b',
      'X: a\rb',
      'X: a\x7f',
      'X: 1\r\n folded',
      'X: 1\nY: 2',
    ],
    (line) => answer('the field line', two(line), 'refuse'),
  ),
  ...[
    ['X-A: \t b \t', 'x-a', 'b'],
    ['X-a-B:', 'x-a-b', ''],
    ['x-a: \xe4\xff', 'x-a', '\xe4\xff'],
    ['LOCATION: /', 'location', '/'],
    ['X-A: :status: 500', 'x-a', ':status: 500'],
    ["!#$%&'*+-.^_`|~0Z: 1", "!#$%&'*+-.^_`|~0z", '1'],
  ].map(([line, name, value]) =>
    answer(`the field line ${shown(line)}`, two(line as string), 'forward', {
      body: 'hi',
      fields: [[name as string, value as string]],
    }),
  ),
]

const hops: Case[] = [
  ...each(
    [
      'Connection: keep-alive',
      'Connection: close',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'Upgrade: h2c, websocket',
      'TE: trailers',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
      'Proxy-Authenticate: Basic',
      'X-Outrigger-Reason: circuit_open',
      'Proxy-Status: outrigger; error=x',
    ],
    (line) => answer('between upstream and us', two(line), 'forward', { body: 'hi', fields: [] }),
  ),
  answer('what Connection names', two('Connection: x-hop, X-Hop2', 'X-Hop: 1', 'x-hop2: 2', 'X-Stay: 3'), 'forward', {
    body: 'hi',
    fields: [['x-stay', '3']],
  }),
  answer(
    '426',
    lines('HTTP/1.1 426 Upgrade Required', 'Connection: upgrade', 'Upgrade: x/2, y', 'Content-Length: 0'),
    'forward',
    { status: 426, fields: [] },
    { wantHttp1: { status: 426, fields: [['upgrade', 'x/2, y']] } },
  ),
  answer('Connection names Content-Length', two('Connection: content-length'), 'forward', { body: 'hi', length: '2' }),
]

const late = (...trailers: string[]): string => `${ok(CHUNKED)}2\r\nhi\r\n0\r\n${lines(...trailers)}`
const SUM: Fields = [
  ['x-sum', 'abc'],
  ['x-empty', ''],
  ['x-sum', '\xe9'],
]
const trailers: Case[] = [
  answer('trailers', late('X-Sum: abc', 'X-Empty:', 'x-sum: \xe9'), 'forward', { body: 'hi', trailers: SUM }),
  answer('trailers right behind the head', `${ok(CHUNKED)}0\r\nX-Sum: abc\r\n\r\n`, 'forward', {
    body: '',
    trailers: [['x-sum', 'abc']],
  }),
  ...each(
    [
      'Content-Length: 5',
      'Transfer-Encoding: chunked',
      'Connection: close',
      'Upgrade: x',
      'Keep-Alive: x',
      'Proxy-Connection: x',
      'TE: trailers',
      'Host: x',
      'Set-Cookie: a=b',
      'Trailer: x',
      'Via: x',
      'X-Outrigger-Reason: x',
    ],
    (line) => answer('not in trailers:', late(line, 'X-Sum: 1'), 'forward', { body: 'hi', trailers: [['x-sum', '1']] }),
  ),
  ...each(
    [':status: 200', ':path: /', 'X Y: 1', 'X : 1', 'X: \0', 'X', ': 1', 'X: 1\n', 'X: a\rb', 'X: 1\r\n folded'],
    (line) => answer('the trailer line', late(line, 'X-Sum: 1'), 'break'),
  ),
]

export const http1: readonly Case[] = [...framings, ...bodiless, ...informational, ...heads, ...hops, ...trailers]
