/** What holds for one connection: hop-by-hop fields, HTTP/1.0, Expect, upgrades, pipelines, messages cut short. */
import { type Case, chunked, each, get, head, post, SMUGGLED } from './case.ts'

const FIVE = 'Content-Length: 5'

const hops: Case[] = [
  {
    name: 'Connection names a field',
    send: get('Connection: X-Hop', 'X-Hop: 1', 'X-Stay: 1'),
    verdict: 'accept',
    absent: ['x-hop', 'connection'],
    present: ['x-stay'],
  },
  {
    name: 'Connection names fields in two lines',
    send: get('X-Hop: 1', 'Connection: x-hop', 'Connection: keep-alive,\tX-HOP2 ', 'x-hop2: 1'),
    verdict: 'accept',
    absent: ['x-hop', 'x-hop2'],
  },
  {
    name: 'Connection names Content-Length',
    send: post(['Connection: Content-Length', FIVE], 'hello'),
    verdict: 'accept',
    body: 'hello',
  },
  {
    name: 'Connection names Transfer-Encoding',
    send: post(['Connection: Transfer-Encoding', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    verdict: 'accept',
    body: 'hello',
  },
  {
    name: 'Connection names Content-Length, both framings',
    send: post(['Connection: Content-Length', 'Transfer-Encoding: chunked', FIVE], `0\r\n\r\n${SMUGGLED}`),
    verdict: 'reject',
    closes: true,
  },
  {
    name: 'Connection names Transfer-Encoding, both framings',
    send: post(['Connection: close, Transfer-Encoding', 'Transfer-Encoding: chunked', FIVE], `0\r\n\r\n${SMUGGLED}`),
    verdict: 'reject',
    closes: true,
  },
  {
    name: 'Connection names Expect',
    send: post(['Connection: Expect', 'Expect: 100-continue', FIVE], 'hello'),
    verdict: 'accept',
    body: 'hello',
  },
  {
    name: 'Connection names Connection',
    send: get('Connection: Connection'),
    verdict: 'accept',
    absent: ['connection'],
  },
  ...each(
    'Connection',
    ['', ',', ' , ,', 'keep-alive', 'KEEP-ALIVE', 'keep-alive, keep-alive'],
    'accept',
    (it) => get(`Connection: ${it}`),
    { absent: ['connection'] },
  ),
  ...each(
    'Connection',
    ['close', 'CLOSE', 'keep-alive, close', 'x, Close ,y', ',,close'],
    'accept',
    (it) => get(`Connection: ${it}`),
    { closes: true },
  ),
  ...each('Connection', ['a b', 'a;b', '"close"', 'clo\xe9', 'a=b', '(a)'], 'either', (it) => get(`Connection: ${it}`)),
  { name: 'Keep-Alive', send: get('Keep-Alive: timeout=5, max=1'), verdict: 'accept', absent: ['keep-alive'] },
  { name: 'Proxy-Connection', send: get('Proxy-Connection: close'), verdict: 'accept', absent: ['proxy-connection'] },
  { name: 'TE: trailers', send: get('TE: trailers'), verdict: 'accept' },
  ...each('TE', ['gzip', 'trailers, deflate;q=0.5', 'chunked', ''], 'accept', (it) => get(`TE: ${it}`)),
  {
    name: 'Trailer',
    send: chunked('0\r\nX-A: 1\r\n\r\n').replace('Transfer', 'Trailer: X-A\r\nTransfer'),
    verdict: 'accept',
    trailers: ['X-A', '1'],
  },
  {
    name: 'Upgrade: h2c',
    send: get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'),
    verdict: 'accept',
    absent: ['upgrade', 'http2-settings', 'connection'],
  },
  { name: 'Upgrade: h2c among others', send: get('Connection: Upgrade', 'Upgrade: h2c, foo/2'), verdict: 'accept' },
  {
    name: 'Upgrade: h2c in two lines',
    send: get(
      'Connection: HTTP2-Settings',
      'Connection: upgrade',
      'Upgrade: foo',
      'Upgrade: H2C',
      'HTTP2-Settings: AAMAAABk',
    ),
    verdict: 'accept',
    absent: ['http2-settings'],
  },
  {
    name: 'h2c with a smuggled body',
    send: post(['Connection: Upgrade', 'Upgrade: h2c', `Content-Length: ${SMUGGLED.length}`], SMUGGLED),
    verdict: 'accept',
    body: SMUGGLED,
    absent: ['upgrade'],
  },
  {
    name: 'Upgrade that Connection does not name',
    send: get('Upgrade: websocket'),
    verdict: 'accept',
    absent: ['upgrade'],
  },
  {
    name: 'Upgrade with a body',
    send: post(['Connection: Upgrade', 'Upgrade: websocket', `Content-Length: ${SMUGGLED.length}`], SMUGGLED),
    verdict: 'accept',
    body: SMUGGLED,
    absent: ['upgrade'],
  },
  {
    name: 'Upgrade with a chunked body',
    send: post(['Connection: Upgrade', 'Upgrade: websocket', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    verdict: 'accept',
    body: 'hello',
    absent: ['upgrade'],
  },
  {
    name: 'an upgrade that is refused',
    send: get(
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ),
    verdict: 'accept',
  },
  {
    name: 'an upgrade in HTTP/1.0',
    send: head('GET / HTTP/1.0', 'Connection: Upgrade', 'Upgrade: websocket'),
    verdict: 'accept',
    absent: ['upgrade'],
    closes: true,
  },
  ...['OPTIONS', 'TRACE'].flatMap((method): Case[] => [
    {
      name: `${method} that may go no further`,
      send: head(`${method} / HTTP/1.1`, 'Max-Forwards: 0'),
      verdict: 'accept',
      own: method === 'TRACE' ? 405 : 200,
    },
    {
      name: `${method} that may go on`,
      send: head(`${method} / HTTP/1.1`, 'Max-Forwards: 2'),
      verdict: 'accept',
      present: ['max-forwards'],
    },
    {
      name: `${method} with Max-Forwards that is no number`,
      send: head(`${method} / HTTP/1.1`, 'Max-Forwards: -1'),
      verdict: 'accept',
    },
  ]),
  {
    name: 'Max-Forwards means nothing to GET',
    send: get('Max-Forwards: 0'),
    verdict: 'accept',
    present: ['max-forwards'],
  },
]

const expects: Case[] = [
  ...each(
    'Expect',
    ['100-continue', '100-Continue', '100-CONTINUE '],
    'accept',
    (it) => post([`Expect: ${it}`, FIVE], 'hello'),
    { body: 'hello' },
  ),
  ...each(
    'Expect',
    ['100-continue, x', '200-ok', '', '100-continue;a', '100 continue', '"100-continue"'],
    'either',
    (it) => post([`Expect: ${it}`, FIVE], 'hello'),
    {
      status: [400, 417],
    },
  ),
  {
    name: 'Expect with a chunked body',
    send: post(['Expect: 100-continue', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    verdict: 'accept',
    body: 'hello',
  },
  { name: 'Expect without a body', send: get('Expect: 100-continue'), verdict: 'accept' },
  {
    name: 'Expect with both framings',
    send: post(['Expect: 100-continue', FIVE, 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`),
    verdict: 'reject',
    closes: true,
  },
  {
    name: 'Expect twice',
    send: post(['Expect: 100-continue', 'Expect: 100-continue', FIVE], 'hello'),
    verdict: 'accept',
    body: 'hello',
  },
]

const old = (lines: readonly string[], body = ''): string => head('POST / HTTP/1.0', ...lines) + body
const http10: Case[] = [
  { name: 'HTTP/1.0', send: head('GET / HTTP/1.0'), verdict: 'accept', closes: true },
  { name: 'HTTP/1.0 without Host', send: 'GET / HTTP/1.0\r\n\r\n', verdict: 'either', closes: true },
  { name: 'HTTP/1.0 keep-alive', send: head('GET / HTTP/1.0', 'Connection: keep-alive'), verdict: 'accept' },
  {
    name: 'HTTP/1.0 keep-alive and close',
    send: head('GET / HTTP/1.0', 'Connection: keep-alive, close'),
    verdict: 'accept',
    closes: true,
  },
  {
    name: 'HTTP/1.0 with a length',
    send: old([FIVE, 'Connection: keep-alive'], 'hello'),
    verdict: 'accept',
    body: 'hello',
  },
  { name: 'HTTP/1.0 without a length', send: old([], 'hello'), verdict: 'accept', body: '', closes: true },
  {
    name: 'HTTP/1.0 without a length, kept alive',
    send: old(['Connection: keep-alive'], SMUGGLED),
    verdict: 'accept',
    body: '',
    requests: 2,
  },
  ...each(
    'HTTP/1.0 with Transfer-Encoding',
    ['chunked', 'identity', ''],
    'reject',
    (it) => old([`Transfer-Encoding: ${it}`, 'Connection: keep-alive'], `0\r\n\r\n${SMUGGLED}`),
    { closes: true },
  ),
  {
    name: 'HTTP/1.0 with both',
    send: old(['Transfer-Encoding: chunked', FIVE, 'Connection: keep-alive'], `0\r\n\r\n${SMUGGLED}`),
    verdict: 'reject',
    closes: true,
  },
  {
    name: 'HTTP/1.0 with Expect',
    send: old(['Expect: 100-continue', FIVE], 'hello'),
    verdict: 'accept',
    body: 'hello',
    closes: true,
  },
  {
    name: 'HTTP/1.0 with two Hosts',
    send: 'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n',
    verdict: 'reject',
    closes: true,
  },
]

const at = (path: string, ...lines: string[]): string => head(`GET ${path} HTTP/1.1`, ...lines)
const pipelines: Case[] = [
  { name: 'two', send: at('/1') + at('/2'), verdict: 'accept', requests: 2 },
  { name: 'twenty', send: Array.from({ length: 20 }, (_, i) => at(`/${i}`)).join(''), verdict: 'accept', requests: 20 },
  {
    name: 'twenty, byte by byte',
    send: Array.from({ length: 5 }, (_, i) => at(`/${i}`)).join(''),
    verdict: 'accept',
    requests: 5,
    dribble: true,
  },
  { name: 'an empty line between', send: `${at('/1')}\r\n${at('/2')}`, verdict: 'accept', requests: 2 },
  { name: 'length then GET', send: post([FIVE], 'hello') + at('/2'), verdict: 'accept', requests: 2, body: 'hello' },
  {
    name: 'chunks then GET',
    send: chunked('5\r\nhello\r\n0\r\nX-A: 1\r\n\r\n') + at('/2'),
    verdict: 'accept',
    requests: 2,
    trailers: ['X-A', '1'],
  },
  { name: 'HEAD then GET', send: head('HEAD /1 HTTP/1.1') + at('/2'), verdict: 'accept', requests: 2, heads: [0] },
  {
    name: 'what stands behind the length is the next request',
    send: post(['Content-Length: 0'], at('/2')),
    verdict: 'accept',
    requests: 2,
    body: '',
  },
  { name: 'close in front', send: at('/1', 'Connection: close') + at('/smuggled'), verdict: 'accept', closes: true },
  {
    name: 'behind a body that is too long for its length',
    send: post(['Content-Length: 3'], 'hel<>'),
    verdict: 'accept',
    body: 'hel',
    closes: true,
  },
  {
    name: 'garbage behind a good one',
    send: `${at('/1')}GARBAGE\r\n\r\n${SMUGGLED}`,
    verdict: 'accept',
    closes: true,
  },
  {
    name: 'both framings behind a good one',
    send: at('/1') + post([FIVE, 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`),
    verdict: 'accept',
    closes: true,
  },
  {
    name: 'a bare CR behind a good one',
    send: at('/1') + get('X-A: b\rc') + SMUGGLED,
    verdict: 'accept',
    closes: true,
  },
]

const whole: Readonly<Record<string, string>> = {
  get: get('X-A: b'),
  length: post(['Content-Length: 11'], 'hello world'),
  chunks: chunked('5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n'),
}
const cuts: Case[] = Object.entries(whole).flatMap(([name, text]) =>
  Array.from({ length: text.length - 1 }, (_, i) => i + 1)
    // The head is the same for all; every byte behind it counts.
    .filter((i) => name === 'get' || i > text.indexOf('\r\n\r\n'))
    .map((i) => ({
      name: `${name} cut at ${i}`,
      send: text.slice(0, i),
      verdict: 'reject' as const,
      cut: true as const,
    })),
)

export const connection: readonly Case[] = [...hops, ...expects, ...http10, ...pipelines, ...cuts]
