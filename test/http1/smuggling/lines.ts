/** Line ends, control characters and folds at every place of a head, and the syntax of its fields (RFC 9112 §2.2, §5). */
import { type Case, each, get, head, post, shown, SMUGGLED } from './case.ts'

/** A head with `byte` put at each of its joints. */
const JOINTS: Readonly<Record<string, (byte: string) => string>> = {
  'before the method': (x) => `${x}GET / HTTP/1.1\r\nHost: app.test\r\n\r\n`,
  'in the method': (x) => `GE${x}T / HTTP/1.1\r\nHost: app.test\r\n\r\n`,
  'behind the method': (x) => `GET${x} / HTTP/1.1\r\nHost: app.test\r\n\r\n`,
  'before the target': (x) => `GET ${x}/ HTTP/1.1\r\nHost: app.test\r\n\r\n`,
  'in the target': (x) => `GET /a${x}b HTTP/1.1\r\nHost: app.test\r\n\r\n`,
  'before the version': (x) => `GET / ${x}HTTP/1.1\r\nHost: app.test\r\n\r\n`,
  'in the version': (x) => `GET / HTTP/1${x}.1\r\nHost: app.test\r\n\r\n`,
  'behind the version': (x) => `GET / HTTP/1.1${x}\r\nHost: app.test\r\n\r\n`,
  'before a name': (x) => `GET / HTTP/1.1\r\nHost: app.test\r\n${x}X-A: b\r\n\r\n`,
  'in a name': (x) => `GET / HTTP/1.1\r\nHost: app.test\r\nX-${x}A: b\r\n\r\n`,
  'behind a name': (x) => `GET / HTTP/1.1\r\nHost: app.test\r\nX-A${x}: b\r\n\r\n`,
  'before a value': (x) => `GET / HTTP/1.1\r\nHost: app.test\r\nX-A:${x}b\r\n\r\n`,
  'in a value': (x) => `GET / HTTP/1.1\r\nHost: app.test\r\nX-A: b${x}c\r\n\r\n`,
  'behind a value': (x) => `GET / HTTP/1.1\r\nHost: app.test\r\nX-A: b${x}\r\n\r\n`,
  'in the Host': (x) => `GET / HTTP/1.1\r\nHost: app${x}.test\r\n\r\n`,
  'behind the Host': (x) => `GET / HTTP/1.1\r\nHost: app.test${x}\r\n\r\n`,
}

const joints: Case[] = ['\r', '\0', '\x0b', '\x0c', '\x1b', '\x7f', '\x01'].flatMap((byte) =>
  Object.entries(JOINTS).map(([place, make]) => ({
    name: `${shown(byte)} ${place}`,
    send: make(byte) + SMUGGLED,
    verdict: 'reject' as const,
    closes: true as const,
  })),
)

/** A line feed alone may be taken for a line end (RFC 9112 §2.2), but not where none may be. */
const feeds: Case[] = Object.entries(JOINTS)
  .filter(([place]) => !/before the method|behind the version|behind a value|behind the Host/.test(place))
  .map(([place, make]) => ({ name: `"\\n" ${place}`, send: make('\n') + SMUGGLED, verdict: 'reject', closes: true }))

const lineEnds: Case[] = [
  ...each(
    'line feed alone',
    [
      'GET / HTTP/1.1\nHost: app.test\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: app.test\n\r\n',
      'GET / HTTP/1.1\r\nHost: app.test\r\n\n',
      'GET / HTTP/1.1\nHost: app.test\n\n',
    ],
    'either',
    (text) => text,
  ),
  ...each('empty lines before', ['\r\n', '\r\n\r\n', '\r\n'.repeat(5)], 'accept', (lines) => lines + get()),
  ...each(
    'what is no empty line before',
    ['\n', '\r', ' \r\n', '\r\r\n', '\0\r\n', '\t'],
    'either',
    (lines) => lines + get(),
  ),
  { name: 'a hundred empty lines before', send: '\r\n'.repeat(100) + get(), verdict: 'either' },
]

const folds: Case[] = [' ', '\t', '  \t '].flatMap((space) => [
  ...each(
    `fold of ${shown(space)} behind`,
    [
      'X-A: b',
      'Content-Type: text/plain',
      'Connection: close',
      'Content-Length: 5',
      'Transfer-Encoding: chunked',
      'Host: app.test',
    ],
    'reject',
    (line) =>
      `POST / HTTP/1.1\r\n${line.startsWith('Host') ? '' : 'Host: app.test\r\n'}${line}\r\n${space}folded: x\r\n\r\n`,
    { closes: true },
  ),
  {
    name: `fold of ${shown(space)} as the first line`,
    send: `GET / HTTP/1.1\r\n${space}Host: app.test\r\n\r\n`,
    verdict: 'reject',
    closes: true,
  },
  {
    name: `a line of ${shown(space)} only`,
    send: `GET / HTTP/1.1\r\nHost: app.test\r\n${space}\r\n\r\n`,
    verdict: 'reject',
    closes: true,
  },
])

const names: Case[] = [
  ...each('name with', [...'()<>@,;\\"/[]?={} \t'], 'reject', (c) => get(`X${c}A: b`), { closes: true }),
  ...each('name with', ['\x80', '\xe9', '\xff'], 'reject', (c) => get(`X${c}A: b`), { closes: true }),
  ...each('name', ["!#$%&'*+-.^_`|~0", 'X'.repeat(1000)], 'accept', (name) => get(`${name}: b`)),
  ...each(
    'line',
    [': b', ':', 'X-A', '=', 'X-A b', 'X-A;b', ''],
    'reject',
    (line) => `GET / HTTP/1.1\r\nHost: app.test\r\n${line}\r\nX-B: c\r\n\r\n`,
    {
      closes: true,
    },
  ).filter(({ name }) => name !== 'line ""'),
]

const values: Case[] = [
  ...each(
    'value',
    ['', ' ', 'b', 'b c', '\tb\t', '\xe9\xff\x80', 'a:b:c', '"q', '%00', 'x'.repeat(60_000)],
    'accept',
    (value) => get(`X-A:${value}`),
    {
      present: ['x-a'],
    },
  ),
  {
    name: 'a line beyond the limit',
    send: get(`X-A: ${'x'.repeat(70_000)}`),
    verdict: 'reject',
    status: [431],
    closes: true,
  },
  {
    name: 'a line of a mebibyte',
    send: get(`X-A: ${'x'.repeat(1 << 20)}`),
    verdict: 'reject',
    status: [431],
    closes: true,
  },
  {
    name: 'lines beyond the limit',
    send: get(...Array.from({ length: 70 }, (_, i) => `X-${i}: ${'x'.repeat(1000)}`)),
    verdict: 'reject',
    status: [431],
    closes: true,
  },
  {
    name: '199 fields',
    send: get(...Array.from({ length: 199 }, (_, i) => `X-${i}: 1`)),
    verdict: 'accept',
    present: ['x-198'],
  },
  {
    name: '201 fields',
    send: get(...Array.from({ length: 201 }, (_, i) => `X-${i}: 1`)),
    verdict: 'reject',
    status: [431],
    closes: true,
  },
  { name: 'one name a hundred times', send: get(...Array.from({ length: 100 }, () => 'X-A: 1')), verdict: 'accept' },
  { name: 'a head, byte by byte', send: get('X-A: b'), verdict: 'accept', dribble: true },
  {
    name: 'a body, byte by byte',
    send: post(['Content-Length: 5'], 'hello'),
    verdict: 'accept',
    body: 'hello',
    dribble: true,
  },
  {
    name: 'a head without Host but much else',
    send: head('GET / HTTP/1.1', 'X-A: 1').replace('Host: app.test\r\n', ''),
    verdict: 'reject',
    closes: true,
  },
]

export const lines: readonly Case[] = [...joints, ...feeds, ...lineEnds, ...folds, ...names, ...values]
