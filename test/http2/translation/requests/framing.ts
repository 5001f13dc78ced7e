/** Lengths, DATA, trailers, and the fields that frame an HTTP/1.1 message. */
import { DATA, END_STREAM, PADDED } from '../../../../src/http2/frames.ts'
import { data, type Fields, frame } from '../../../support/http2-raw.ts'
import { bare, body, type Case, each, GET, got, ID, POST, sent, trailers } from './case.ts'

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nhost: app.test\r\n\r\n'
const length = (value: string): Fields => [...POST, ['content-length', value]]

const lengths: Case[] = [
  sent('the length of the body', length('5'), [body('hello')], 'forward', { body: 'hello', length: '5' }),
  sent('the length, in two frames', length('5'), [body('he', false), body('llo')], 'forward', { body: 'hello' }),
  sent('the length, END_STREAM alone', length('5'), [body('hello', false), body('')], 'forward', { body: 'hello' }),
  sent('the length, then trailers', length('5'), [body('hello', false), trailers([])], 'forward', { body: 'hello' }),
  sent('length 0', length('0'), [body('')], 'forward', { body: '', length: '0' }),
  bare('length 0, END_STREAM at the head', length('0'), 'forward', { length: '0' }),
  got('GET with length 0', [['content-length', '0']], 'forward', { length: '0' }),
  bare('POST without a length and a body', POST, 'forward', { length: '0' }),
  sent('a body without a length', POST, [body('hello')], 'forward', { body: 'hello', length: undefined }),
  sent('a GET with a body', GET, [body('hello')], 'forward', { body: 'hello', length: undefined }),
  sent('a body that is a request', POST, [body(SMUGGLED)], 'forward', { body: SMUGGLED }),
  sent('a body that is a last chunk', POST, [body(`0\r\n\r\n${SMUGGLED}`)], 'forward', {
    body: `0\r\n\r\n${SMUGGLED}`,
  }),
  sent('a last chunk of its length', length(String(5 + SMUGGLED.length)), [body(`0\r\n\r\n${SMUGGLED}`)], 'forward', {
    body: `0\r\n\r\n${SMUGGLED}`,
  }),
  sent('END_STREAM on an empty frame alone', POST, [body('')], 'forward', { body: '' }),
  sent('empty frames between', POST, [body('', false), body('a', false), body('', false), body('b')], 'forward', {
    body: 'ab',
  }),
  bare('a length above 0, no body', length('5'), 'stream'),
  ...each(['6', '1000000', '9007199254740991'], (value) =>
    sent('more than the body', length(value), [body('hello')], 'stream'),
  ),
  ...each(['4', '1', '0'], (value) => sent('less than the body', length(value), [body('hello')], 'stream')),
  sent('less than the body, smuggling', length('5'), [body(`hello${SMUGGLED}`)], 'stream'),
  sent('less than two frames', length('5'), [body('hello', false), body(SMUGGLED)], 'stream'),
  sent('less, and no end', length('5'), [body(`hello${SMUGGLED}`, false)], 'stream'),
  sent('more, then trailers', length('6'), [body('hello', false), trailers([['x-a', '1']])], 'stream'),
  sent('more, END_STREAM alone', length('6'), [body('hello', false), body('')], 'stream'),
  ...each(
    [
      '',
      '+5',
      '-5',
      '-0',
      '5 ',
      ' 5',
      '0x5',
      '5,5',
      '5, 5',
      '5.0',
      '5e0',
      '٥',
      '5\0',
      '5\r\n',
      '5;',
      '"5"',
      'a',
      '1 2',
      '5_',
      '9007199254740993',
      '18446744073709551621',
      '00000000000000005',
    ],
    (value) => sent('the length', length(value), [body('hello')], 'stream'),
  ),
  sent('the length with zeros in front', length('005'), [body('hello')], 'forward', { body: 'hello' }),
  ...[
    ['5', '5'],
    ['5', '6'],
    ['0', '5'],
    ['5', '0'],
    ['5', ''],
  ].map(([one, two]) =>
    sent(
      `two lengths, ${one} and ${two}`,
      [...length(one as string), ['content-length', two as string]],
      [body('hello')],
      'stream',
    ),
  ),
  bare('two lengths, no body', [...length('0'), ['content-length', '0']], 'stream'),
]

const BETWEEN = ['chunked', 'identity', 'gzip, chunked', 'Chunked', 'x', '']
const connectionSpecific: Case[] = [
  ...each(BETWEEN, (value) =>
    sent('transfer-encoding', [...POST, ['transfer-encoding', value]], [body(`0\r\n\r\n${SMUGGLED}`)], 'stream'),
  ),
  sent('transfer-encoding and a length', [...length('5'), ['transfer-encoding', 'chunked']], [body('hello')], 'stream'),
  ...each(['close', 'keep-alive', 'x-a', 'content-length', 'upgrade', 'TE', ''], (value) =>
    got(
      'connection',
      [
        ['connection', value],
        ['x-a', '1'],
      ],
      'stream',
    ),
  ),
  ...each(['websocket', 'h2c', ''], (value) => got('upgrade', [['upgrade', value]], 'stream')),
  ...each(['timeout=5', ''], (value) => got('keep-alive', [['keep-alive', value]], 'stream')),
  ...each(['keep-alive', 'close'], (value) => got('proxy-connection', [['proxy-connection', value]], 'stream')),
  ...each(['trailers, deflate', 'deflate', 'gzip;q=1', 'chunked', '', 'trailers;q=1', 'TRAILERS'], (value) =>
    got('te', [['te', value]], 'stream'),
  ),
  got('te: trailers', [['te', 'trailers']], 'forward', { fields: [['te', 'trailers']] }),
  got('http2-settings', [['http2-settings', 'AAMAAABkAAQAAP__']], 'forward', { fields: [] }),
  got('proxy-authorization', [['proxy-authorization', 'Basic eA==']], 'forward', { fields: [] }),
  got('proxy-authenticate', [['proxy-authenticate', 'Basic']], 'forward', { fields: [] }),
  got('trailer', [['trailer', 'x-sum']], 'forward', { fields: [['trailer', 'x-sum']] }),
  got('expect: something else', [['expect', 'x']], 'forward', { fields: [['expect', 'x']] }),
]

const crumbs = (...values: string[]): Fields => values.map((value) => ['cookie', value])
const cookies: Case[] = [
  got('one cookie', crumbs('a=b; c=d'), 'forward', { fields: [['cookie', 'a=b; c=d']] }),
  got('crumbs', crumbs('a=b', 'c=d', 'e=f'), 'forward', { fields: [['cookie', 'a=b; c=d; e=f']] }),
  got('crumbs among others', [...crumbs('a=b'), ['x-a', '1'], ...crumbs('c=d'), ['x-b', '2']], 'forward', {
    fields: [
      ['cookie', 'a=b; c=d'],
      ['x-a', '1'],
      ['x-b', '2'],
    ],
  }),
  got('a crumb with an end of line', crumbs('a=b', 'c=d\r\nx-evil: 1'), 'stream'),
  got('a crumb with a blank at its end', crumbs('a=b', 'c=d '), 'stream'),
]

const trailed = (name: string, fields: Fields, verdict: Case['verdict'], want: Fields = []): Case =>
  sent(name, POST, [body('hello', false), trailers(fields)], verdict, { body: 'hello', trailers: want })
const NOT_LATE = [
  'content-length',
  'host',
  'te',
  'trailer',
  'authorization',
  'cookie',
  'expect',
  'max-forwards',
  'content-encoding',
  'content-type',
  'content-range',
  'cache-control',
  'set-cookie',
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-outrigger-timeout-ms',
  'proxy-status',
  'proxy-authorization',
]
const GOOD_TRAILERS: Fields = [
  ['x-sum', 'abc'],
  ['x-empty', ''],
  ['x-sum', 'd\xe9f'],
]
const trailing: Case[] = [
  trailed('trailers', GOOD_TRAILERS, 'forward', GOOD_TRAILERS),
  sent('trailers right behind the head', POST, [trailers(GOOD_TRAILERS)], 'forward', {
    body: '',
    trailers: GOOD_TRAILERS,
  }),
  sent('trailers of nothing', POST, [body('hello', false), trailers([])], 'forward', { body: 'hello' }),
  ...each(NOT_LATE, (name) =>
    trailed(
      'not in trailers:',
      [
        [name, '5'],
        ['x-sum', '1'],
      ],
      'forward',
      [['x-sum', '1']],
    ),
  ),
  ...each([':method', ':path', ':scheme', ':authority', ':status', ':protocol', ':x', ':'], (name) =>
    trailed(
      'among trailers',
      [
        [name, '/'],
        ['x-sum', '1'],
      ],
      'stream',
    ),
  ),
  ...each(['connection', 'transfer-encoding', 'upgrade', 'keep-alive', 'proxy-connection'], (name) =>
    trailed('among trailers', [[name, 'chunked']], 'stream'),
  ),
  ...each(['', 'X-Sum', 'x sum', 'x:', 'x\r\ny', 'x\0', 'x-sum '], (name) =>
    trailed('a trailer named', [[name, '1']], 'stream'),
  ),
  ...each(['\r\n', `1\r\n\r\n${SMUGGLED}`, '1\n', '1\0', ' 1', '1\t', '\x7f'], (value) =>
    trailed('a trailer of', [['x-sum', value]], 'stream'),
  ),
  sent('trailers that do not end', POST, [body('hello', false), trailers([['x-sum', '1']], false)], 'stream'),
  sent('a second head', POST, [body('hello', false), trailers(GET, false)], 'stream'),
  sent('a second head that ends', POST, [body('hello', false), trailers(GET)], 'stream'),
  sent('too many trailers', POST, [body('x', false), trailers(Array(201).fill(['x', '1']))], 'stream'),
]

const pad = (text: string, size: number, end: boolean): Buffer =>
  frame(
    DATA,
    PADDED | (end ? END_STREAM : 0),
    ID,
    Buffer.concat([Buffer.from([size]), Buffer.from(text, 'latin1'), Buffer.alloc(size)]),
  )
const padding: Case[] = [
  sent('padded DATA', POST, [pad('he', 3, false), pad('llo', 255, true)], 'forward', { body: 'hello' }),
  sent('padded DATA of its length', length('5'), [pad('hello', 200, true)], 'forward', { body: 'hello' }),
  sent('DATA of padding alone', POST, [pad('', 9, false), pad('hello', 0, false), pad('', 7, true)], 'forward', {
    body: 'hello',
  }),
  sent('padding counts for no length', length('9'), [pad('hello', 4, true)], 'stream'),
  sent(
    'padding that is a request',
    POST,
    [
      frame(
        DATA,
        PADDED | END_STREAM,
        ID,
        Buffer.concat([Buffer.from([SMUGGLED.length]), Buffer.from(`hi${SMUGGLED}`)]),
      ),
    ],
    'forward',
    { body: 'hi' },
  ),
  sent('more padding than frame', POST, [frame(DATA, PADDED | END_STREAM, ID, Buffer.from([5, 97, 98]))], 'connection'),
  sent('padding of nothing', POST, [frame(DATA, PADDED | END_STREAM, ID)], 'connection'),
  sent('one byte a frame', POST, [...[...'hello'].map((c) => body(c, false)), body('')], 'forward', { body: 'hello' }),
  sent('DATA on another stream', POST, [data(ID + 2, 'x')], 'connection'),
]

export const framing: readonly Case[] = [...lengths, ...connectionSpecific, ...cookies, ...trailing, ...padding]
