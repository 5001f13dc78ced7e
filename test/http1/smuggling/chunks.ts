/** Chunk sizes, extensions, line ends and trailers (RFC 9112 §7.1). */
import { type Case, chunked, each, SMUGGLED } from './case.ts'

const sized = (size: string): string => chunked(`${size}\r\nhello\r\n0\r\n\r\n`)
const hidden = (last: string): string => chunked(`5\r\nhello\r\n${last}\r\n\r\n${SMUGGLED}`)

const badSizes = [
  '',
  ' 5',
  '\t5',
  '0x5',
  '0X5',
  'x5',
  '+5',
  '-5',
  '5h',
  'g',
  '5.0',
  '5,5',
  '5_',
  '5 5',
  '0 5',
  "'5'",
  '"5"',
  '5:',
  '5=a',
  '5\0',
  '\x005',
  '5\x0b',
  '\x0c5',
  '5\x1f',
  '5\x7f',
  '\xb5',
  '5\xa0',
  '5\r',
  '5\r5',
  '\r5',
  '5\r\r',
  '5\n',
  '\n5',
  '\r\n5',
  '10000000000000005',
  '100000000000000005',
  'FFFFFFFFFFFFFFFF5',
  `${'0'.repeat(40)}${'f'.repeat(17)}`,
  '5 ',
  '5\t',
]

const sizes: Case[] = [
  ...each('chunk size', ['5', '05', '00005'], 'accept', sized, { body: 'hello' }),
  ...each('chunk size', [`${'0'.repeat(20)}5`, `${'0'.repeat(70)}5`], 'either', sized, { body: 'hello' }),
  ...each('chunk size', badSizes, 'reject', (size) => chunked(`${size}\r\nhello\r\n0\r\n\r\n${SMUGGLED}`), {
    closes: true,
  }),
  ...each('chunk size, cut', ['6', '100000005', '80000005', '1fffffffffffff'], 'reject', sized, { cut: true }),
  ...each('chunk size', ['8000000000000005', 'FFFFFFFFFFFFFFFF'], 'reject', (size) => sized(size) + SMUGGLED, {
    closes: true,
  }),
  ...each('last chunk', ['0', '00', '000000'], 'accept', (last) => chunked(`5\r\nhello\r\n${last}\r\n\r\n`), {
    body: 'hello',
  }),
  ...each('last chunk', ['-0', '+0', '0x0', '0 0', 'O', '0\0', '0\x0b', '0\r', '0.', ''], 'reject', hidden, {
    closes: true,
  }),
  {
    name: 'hexadecimal, both cases',
    send: chunked(`a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n`),
    verdict: 'accept',
    body: '01234567890123456789',
  },
  {
    name: 'second size is bad',
    send: chunked(`5\r\nhello\r\nxyz\r\nhello\r\n0\r\n\r\n`),
    verdict: 'reject',
    closes: true,
  },
]

const extended = (extension: string): string => chunked(`5${extension}\r\nhello\r\n0${extension}\r\n\r\n`)
const goodExtensions = [
  ';a',
  ';a=b',
  ';a="b"',
  ';a="b;c"',
  ';a="b\\"c"',
  ';a="\\\\"',
  ';a;b=c;d="e f"',
  ';a=""',
  ';a="\xe9"',
]
const badExtensions = [
  ';',
  ';;a',
  ';a;',
  ';=b',
  ';a=',
  ';a==b',
  ';a=b=c',
  ';a="b',
  ';a="b"c',
  ';a="b\r\nc"',
  ';a="b\nc"',
  ';a="b\rc"',
  ';a="b\\\rc"',
  ';a="b\0c"',
  ';a="\\\0"',
  ';a\rb',
  ';\ra',
  ';a\nb',
  ';\n',
  ';a\0',
  ';a=\0',
  ';a\x01',
  ';a\x0b',
  ';a\x7f',
  ';a=(b)',
  ';a\xe9',
  ';a="\x7f"',
  ',a=b',
  ':a=b',
]
const extensions: Case[] = [
  ...each('extension', goodExtensions, 'accept', extended, { body: 'hello' }),
  ...each('extension', badExtensions, 'reject', (it) => chunked(`5${it}\r\nhello\r\n0\r\n\r\n${SMUGGLED}`), {
    closes: true,
  }),
  // Bad whitespace: no sender may, a recipient should see through it (RFC 9110 §5.6.3).
  ...each('extension', [' ;a', '; a', ';a =b', ';a= b', '\t;\ta\t=\tb'], 'either', extended, { body: 'hello' }),
  ...each('extension on the last chunk', badExtensions.slice(0, 12), 'reject', (it) => hidden(`0${it}`), {
    closes: true,
  }),
  { name: 'extensions of 4 KiB', send: extended(`;a=${'b'.repeat(2000)}`), verdict: 'accept', body: 'hello' },
  { name: 'an extension of 17 KiB', send: extended(`;a=${'b'.repeat(17_000)}`), verdict: 'reject', closes: true },
  {
    name: 'many extensions of 17 KiB in all',
    send: chunked(`${`1;a=${'b'.repeat(150)}\r\nx\r\n`.repeat(130)}0\r\n\r\n`),
    verdict: 'reject',
    closes: true,
  },
  {
    name: 'an extension that hides the end from a reader that stops at CR',
    send: chunked(`2;\rxx\r\n${SMUGGLED.length.toString(16)}\r\n0\r\n\r\n${SMUGGLED}0\r\n\r\n`),
    verdict: 'reject',
    closes: true,
  },
]

const ends: Case[] = [
  ...each(
    'size line end',
    ['\n', '\r', '\n\r', '\r\r\n'],
    'reject',
    (end) => chunked(`5${end}hello\r\n0\r\n\r\n${SMUGGLED}`),
    {
      closes: true,
    },
  ),
  ...each(
    'behind the data',
    ['\n', '\r', '', 'XX', '\n\r', '\r\r\n', '\r\n\r\n', ' \r\n', 'x\r\n', '\0\r\n'],
    'reject',
    (end) => chunked(`5\r\nhello${end}0\r\n\r\n${SMUGGLED}`),
    { closes: true },
  ),
  ...each(
    'behind the last chunk',
    ['\n\n', '\n\r\n', '\r\n\n', '\r\r\n\r\n', '\r\n\r\r\n', '\r\n \r\n', '\r\n\0\r\n\r\n', '\r\n\t\r\n\r\n'],
    'reject',
    (end) => chunked(`5\r\nhello\r\n0${end}${SMUGGLED}`),
    { closes: true },
  ),
  { name: 'data longer than its size', send: chunked(`3\r\nhello\r\n0\r\n\r\n`), verdict: 'reject', closes: true },
  {
    name: 'data shorter than its size',
    send: chunked(`7\r\nhello\r\n0\r\n\r\n${SMUGGLED}`),
    verdict: 'reject',
    closes: true,
  },
  {
    name: 'data that looks like a last chunk',
    send: chunked(`5\r\n0\r\n\r\n\r\n0\r\n\r\n`),
    verdict: 'accept',
    body: '0\r\n\r\n',
  },
  {
    name: 'data that is a request',
    send: chunked(`${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`),
    verdict: 'accept',
    body: SMUGGLED,
  },
  {
    name: 'one byte a chunk, one byte a write',
    send: chunked(`${'1\r\nx\r\n'.repeat(9)}0\r\n\r\n`),
    verdict: 'accept',
    body: 'x'.repeat(9),
    dribble: true,
  },
]

const trailed = (lines: string): string => chunked(`5\r\nhello\r\n0\r\n${lines}\r\n`)
const notTrailers = [
  'Content-Length: 50',
  'Content-Length: x',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Host: evil.test',
  'Connection: close',
  'Upgrade: h2c',
  'TE: trailers',
  'Trailer: X-A',
  'Expect: 100-continue',
  'Authorization: Basic eA==',
  'Cookie: a=b',
  'Max-Forwards: 0',
  'Content-Encoding: gzip',
  'Content-Type: text/html',
  'Cache-Control: no-store',
]
const badTrailers = [
  'X-A : 1\r\n',
  'X-A\t: 1\r\n',
  ' X-A: 1\r\n',
  'X-A: 1\r\n b\r\n',
  'X-A\r\n',
  ': 1\r\n',
  'X A: 1\r\n',
  'X-A: 1\n',
  'X-A: 1\nX-B: 2\r\n',
  'X-A: 1\rX-B: 2\r\n',
  'X-A: \0\r\n',
  'X-\0A: 1\r\n',
  'X-A: \x0b\r\n',
  'X-A: \x7f\r\n',
  'X-A: 1\r\r\n',
  'GET /smuggled HTTP/1.1\r\n',
]
const trailers: Case[] = [
  { name: 'a trailer', send: trailed('X-Sum: abc\r\n'), verdict: 'accept', body: 'hello', trailers: ['X-Sum', 'abc'] },
  {
    name: 'trailers',
    send: trailed('X-A: 1\r\nX-B:\r\nX-A: \t3 \r\n'),
    verdict: 'accept',
    trailers: ['X-A', '1', 'X-B', '', 'X-A', '3'],
  },
  ...each('not in a trailer', notTrailers, 'either', (line) => trailed(`${line}\r\nX-Sum: 1\r\n`), {
    body: 'hello',
    trailers: ['X-Sum', '1'],
  }),
  ...each('trailer', badTrailers, 'reject', (line) => trailed(line) + SMUGGLED, { closes: true }),
  { name: 'trailers over the limit', send: trailed(`X-A: ${'a'.repeat(66_000)}\r\n`), verdict: 'reject', closes: true },
  { name: 'too many trailers', send: trailed('X-A: 1\r\n'.repeat(201)), verdict: 'reject', closes: true },
  {
    name: 'trailers, byte by byte',
    send: trailed('X-A: 1\r\n'),
    verdict: 'accept',
    trailers: ['X-A', '1'],
    dribble: true,
  },
]

export const chunks: readonly Case[] = [...sizes, ...extensions, ...ends, ...trailers]
