/** Content-Length against Transfer-Encoding, and each of them spelt in every way (RFC 9112 §6). */
import { type Case, chunked, each, post, SMUGGLED } from './case.ts'

const CL = (value: string): string => `Content-Length: ${value}`
const TE = (value: string): string => `Transfer-Encoding: ${value}`
const HELLO = '5\r\nhello\r\n0\r\n\r\n'
const ZERO = `0\r\n\r\n${SMUGGLED}`

/** Both at once: what one reader takes for a body is a request for the other. */
const both: Case[] = [
  [CL('5'), TE('chunked')],
  [TE('chunked'), CL('5')],
  [CL('0'), TE('chunked')],
  [TE('chunked'), CL('0')],
  [CL(String(ZERO.length)), TE('chunked')],
  [TE('CHUNKED'), CL(String(ZERO.length))],
  [TE('chunked'), TE(''), CL(String(ZERO.length))],
  [TE(''), TE('chunked'), CL(String(ZERO.length))],
  [CL('5'), TE('')],
  [CL('5'), TE('identity')],
  [CL('5'), TE('xchunked')],
  [CL('5'), TE('gzip, chunked')],
  [CL('5'), CL('5'), TE('chunked')],
  [CL('5'), 'transfer-encoding: Chunked'],
  [TE('chunked'), 'X-Pad: 1', 'content-LENGTH: 5'],
].map((lines) => ({
  name: `both: ${lines.join(' | ')}`,
  send: post(lines, ZERO),
  verdict: 'reject' as const,
  closes: true as const,
}))

const goodCodings = ['chunked', 'Chunked', 'CHUNKED', 'cHuNkEd', 'chunked ', '\tchunked', ' \t chunked \t ']
const badCodings = [
  '',
  ' ',
  ',',
  'identity',
  'gzip',
  'chunk',
  'xchunked',
  'chunkedx',
  'chunked, identity',
  'chunked, gzip',
  'chunked,chunked,identity',
  '"chunked"',
  "'chunked'",
  'chunked;',
  'chunked; q=1',
  'chunked;chunked',
  'chu nked',
  'chunked chunked',
  'chunked\x0b',
  '\x0bchunked',
  'chunked\x0c',
  '\x0cchunked',
  'chunked\0',
  '\0chunked',
  'chunked\x1f',
  'chunked\x7f',
  'chunked\x85',
  '\xa0chunked',
  'chunked\xa0',
  'chunke\xc4\x91',
  'chunked\r',
  '\rchunked',
  'chun\rked',
  'chunked\r\n ',
  '\r\n chunked',
  '\r\n\tchunked',
  'chunked\r\n , identity',
  'chunked\n',
  'true',
  '1',
]
/** Lists that a lenient reader may take for one `chunked` (RFC 9110 §5.6.1). */
const listCodings = ['chunked,', ',chunked', ', ,chunked', 'chunked, chunked', 'gzip, chunked', 'identity, chunked']

const codings: Case[] = [
  ...each('coding', goodCodings, 'accept', (value) => post([TE(value)], HELLO), { body: 'hello' }),
  ...each('coding', badCodings, 'reject', (value) => post([TE(value)], ZERO), { closes: true }),
  ...each('coding', listCodings, 'either', (value) => post([TE(value)], HELLO)),
  ...[
    ['chunked', ''],
    ['chunked', 'identity'],
    ['chunked', 'gzip'],
    ['chunked', 'cow'],
    ['chunked', '\t'],
  ].map(([a, b]) => ({
    name: `two codings: ${a} then ${JSON.stringify(b)}`,
    send: post([TE(a as string), TE(b as string)], ZERO),
    verdict: 'reject' as const,
    closes: true as const,
  })),
  ...['', 'identity', 'gzip', 'chunked'].map((first) => ({
    name: `two codings: ${JSON.stringify(first)} then chunked`,
    send: post([TE(first), TE('chunked')], HELLO),
    verdict: 'either' as const,
  })),
]

/** Names that somebody might take for Transfer-Encoding. `body` is then what Content-Length says, or nothing. */
const badNames = [
  'Transfer-Encoding : chunked',
  'Transfer-Encoding\t: chunked',
  ' Transfer-Encoding: chunked',
  '\tTransfer-Encoding: chunked',
  'Transfer-Encoding\0: chunked',
  '\0Transfer-Encoding: chunked',
  '\x0bTransfer-Encoding: chunked',
  'Transfer-Encoding\x0b: chunked',
  'Transfer-Encoding\x0c: chunked',
  'Transfer-Encoding\r: chunked',
  'Transfer\rEncoding: chunked',
  'Transfer Encoding: chunked',
  'Transfer-\r\n Encoding: chunked',
  'Transfer-Encoding\r\n : chunked',
  'Transfer-Encoding\r\n: chunked',
  '"Transfer-Encoding": chunked',
  'Transfer-Encoding\xa0: chunked',
  'Transfer\x2dEncoding\x85: chunked',
  'X: y\rTransfer-Encoding: chunked',
  'X: y\nTransfer-Encoding: chunked',
  'X: y\r\rTransfer-Encoding: chunked',
  'X: y\n\rTransfer-Encoding: chunked',
  'X: y\0Transfer-Encoding: chunked',
  'Transfer-Encoding = chunked',
  'Transfer-Encoding chunked',
  'Transfer-Encoding',
]
const otherNames = [
  'Transfer_Encoding',
  'TransferEncoding',
  'X-Transfer-Encoding',
  'Transfer-Encodings',
  'Transfer.Encoding',
]

const names: Case[] = [
  ...each('name', badNames, 'reject', (line) => post([CL(String(ZERO.length)), line], ZERO), { closes: true }),
  ...each('name, no length', badNames.slice(0, 8), 'reject', (line) => post([line], ZERO), { closes: true }),
  ...each('another name', otherNames, 'accept', (name) => post([CL(String(ZERO.length)), `${name}: chunked`], ZERO), {
    body: ZERO,
  }),
]

const badLengths = [
  '',
  ' ',
  '+5',
  '-5',
  '-0',
  '+0',
  '5 5',
  '5,6',
  '5, 6',
  '6, 5',
  '5;',
  '5;a=b',
  '0x5',
  '0b101',
  '5.0',
  '5e0',
  '5_0',
  '1_0',
  "'5'",
  '"5"',
  'five',
  'NaN',
  'Infinity',
  '5\0',
  '\x005',
  '5\x0b',
  '\x0b5',
  '5\x0c',
  '5\x1f',
  '5\x7f',
  '5\xa0',
  '\xb2',
  '5\r',
  '\r5',
  '5\r\n 0',
  '5\r\n ',
  '\r\n 5',
  '18446744073709551621',
  '340282366920938463463374607431768211461',
  `${'9'.repeat(400)}`,
]
const lengths: Case[] = [
  ...each('length', ['5', ' 5', '5 ', '\t5\t'], 'accept', (value) => post([CL(value)], 'hello'), { body: 'hello' }),
  ...each('length', badLengths, 'reject', (value) => post([CL(value)], `hello${SMUGGLED}`), { closes: true }),
  ...each('length', ['05', '0000000005', '00000000000000000000000000000005'], 'either', (v) => post([CL(v)], 'hello'), {
    body: 'hello',
  }),
  ...each('length', ['5,5', '5, 5', '5 ,5,', ',5'], 'either', (value) => post([CL(value)], 'hello'), { body: 'hello' }),
  ...each('length, body cut', ['6', '4294967301', '9007199254740991'], 'reject', (v) => post([CL(v)], 'hello'), {
    cut: true,
  }),
  {
    name: 'two equal lengths',
    send: post([CL('5'), CL('5')], 'hello'),
    verdict: 'either',
    body: 'hello',
  },
  ...[
    ['5', '0'],
    ['0', '5'],
    ['5', '6'],
    ['5', ''],
    ['5', '05'],
    ['5', '+5'],
    ['5', '5, 6'],
  ].map(([a, b]) => ({
    name: `two lengths: ${a} then ${JSON.stringify(b)}`,
    send: post([CL(a as string), 'X-Pad: 1', `content-length: ${b}`], `hello${SMUGGLED}`),
    verdict: 'reject' as const,
    closes: true as const,
  })),
  ...each(
    'length by another name',
    ['Content-Length : 5', 'Content-Length\t: 5', ' Content-Length: 5', 'Content-Length\0: 5', 'Content Length: 5'],
    'reject',
    (line) => post([line], `hello${SMUGGLED}`),
    { closes: true },
  ),
  { name: 'Content_Length is no length', send: post(['Content_Length: 40'], ''), verdict: 'accept', body: '' },
  { name: 'GET with a body', send: `${get5()}hello`, verdict: 'accept', body: 'hello' },
  { name: 'GET with a chunked body', send: chunked(HELLO).replace('POST', 'GET'), verdict: 'accept', body: 'hello' },
  { name: 'DELETE with a body', send: `${get5().replace('GET', 'DELETE')}hello`, verdict: 'accept', body: 'hello' },
  {
    name: 'a body that is a request',
    send: post([CL(String(SMUGGLED.length))], SMUGGLED),
    verdict: 'accept',
    body: SMUGGLED,
  },
]

function get5(): string {
  return `GET / HTTP/1.1\r\nHost: app.test\r\n${CL('5')}\r\n\r\n`
}

export const framing: readonly Case[] = [...both, ...codings, ...names, ...lengths]
