/** Field names and values: every byte that may not stand there (RFC 9113 §8.2.1), and every one that may. */
import { type Case, each, got } from './case.ts'

const char = (code: number): string => String.fromCharCode(code)
const codes = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => char(from + i))

const SMUGGLED = '\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: app.test\r\n\r\n'
const TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
export const NO_TOKEN = [...codes(0, 32), ...'"(),/:;<=>?@[\\]{}', ...'AMZ', ...codes(127, 129), '\xa0', '\xff']

export const BAD_NAMES = [
  '',
  ' ',
  ':',
  ':x',
  ': ',
  'x:',
  'x: 1\r\ny',
  'x\r\ny',
  `x: 1${SMUGGLED}y`,
  'x-a ',
  ' x-a',
  'content-length ',
  'content-length:',
  'content-length\0',
  'transfer-encoding\t',
  'transfer-encoding: chunked\r\nx',
  'Content-Length',
  'Host',
  'HOST',
  'Transfer-Encoding',
  'X-A',
  'x-\xe4',
]

export const BAD_VALUES = [
  ...codes(0, 8).flatMap((c) => [`a${c}b`, c]),
  ...codes(10, 31).flatMap((c) => [`a${c}b`, c]),
  '\x7f',
  'a\x7fb',
  ' a',
  'a ',
  '\ta',
  'a\t',
  ' ',
  '\t',
  'a\r\nx-evil: 1',
  'a\r\n x-evil: 1',
  'a\nx-evil: 1',
  'a\rx-evil: 1',
  '\r\n',
  `a${SMUGGLED}`,
  'a\r\ncontent-length: 5',
  'a\r\ntransfer-encoding: chunked',
]

export const GOOD_VALUES = [
  '',
  'a',
  'a b',
  'a\tb',
  'a  b',
  '"',
  'a,b',
  'a;b="c"',
  ':',
  '\x80',
  '\xff\xe4',
  codes(33, 126).join(''),
]

/** Fields that somebody on the way looks at, and one that nobody does. */
const READ = [
  'x-a',
  'cookie',
  'expect',
  'te',
  'host',
  'content-length',
  'content-type',
  'via',
  'traceparent',
  'x-request-id',
  'x-forwarded-for',
  'x-outrigger-timeout-ms',
  'max-forwards',
  'proxy-authorization',
  'http2-settings',
]

export const names: readonly Case[] = [
  ...each([...TOKEN], (c) => got('a name with', [[`x-${c}`, '1']], 'forward', { fields: [[`x-${c}`, '1']] })),
  ...each(NO_TOKEN, (c) => got('a name with', [[`x${c}y`, '1']], 'stream')),
  ...each(BAD_NAMES, (name) => got('the name', [[name, '1']], 'stream')),
  ...each(GOOD_VALUES, (value) => got('the value', [['x-a', value]], 'forward', { fields: [['x-a', value]] })),
  ...each(BAD_VALUES, (value) => got('the value', [['x-a', value]], 'stream')),
  ...READ.flatMap((name) =>
    each(['1\r\nx-evil: 1', '1\0', '1\n', ' 1', `1${SMUGGLED}`], (value) =>
      got(`${name} with`, [[name, value]], 'stream'),
    ),
  ),
  got('many fields, in their order', fieldsOf(150), 'forward', { fields: fieldsOf(150) }),
  got('more fields than the limit', fieldsOf(201), 431),
  // Below the limit as a block, above it as SETTINGS_MAX_HEADER_LIST_SIZE counts.
  got('more bytes of fields than the limit', fieldsOf(190, 'v'.repeat(320)), 431),
]

function fieldsOf(count: number, value = 'v'): [string, string][] {
  return Array.from({ length: count }, (_, i) => [`x-${i}`, value])
}
