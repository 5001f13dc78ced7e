/** Answers of a hostile HTTP/2 upstream. */
import {
  CANCEL,
  DATA,
  END_STREAM,
  INTERNAL_ERROR,
  NO_ERROR,
  PADDED,
  PROTOCOL_ERROR,
} from '../../../../src/http2/frames.ts'
import { block, data, type Fields, frame, goaway, headers, reset } from '../../../support/http2-raw.ts'
import { shown } from '../message.ts'
import { BAD_NAMES, BAD_VALUES, GOOD_VALUES, NO_TOKEN } from '../requests/names.ts'
import type { Case, Want } from './case.ts'

type Frames = (id: number) => readonly Buffer[]

function answer(
  name: string,
  frames: Frames,
  verdict: Case['verdict'],
  want: Want = {},
  more: Partial<Case> = {},
): Case {
  return { name, method: 'GET', bytes: (id) => Buffer.concat(frames(id)), behind: 'stay', verdict, want, ...more }
}

const head = (id: number, fields: Fields, end = false): Buffer => headers(id, block(fields), end)
const ok = (...fields: Fields): Fields => [[':status', '200'], ...fields]

/** A head that ends the stream. */
function bare(name: string, fields: Fields, verdict: Case['verdict'], want?: Want, more?: Partial<Case>): Case {
  return answer(name, (id) => [head(id, fields, true)], verdict, want, more)
}

/** A 200 with a body and one field more. */
function withField(name: string, field: Fields, verdict: Case['verdict'], want: Want = {}): Case {
  return answer(name, (id) => [head(id, ok(...field)), data(id, 'hi', true)], verdict, { body: 'hi', ...want })
}

function each(values: readonly string[], make: (value: string) => Case): Case[] {
  return values.map((value) => {
    const it = make(value)
    return {
      ...it,
      name: `${it.name} ${shown(value.length > 60 ? `${value.slice(0, 60)}… of ${value.length}` : value)}`,
    }
  })
}

const BAD_STATUSES = [
  '',
  '0',
  '20',
  '2000',
  '099',
  '000',
  '-20',
  '+99',
  '1e2',
  '2e2',
  '0xc',
  '20.',
  '2.0',
  '2_0',
  'abc',
  '200 OK',
  '200\r\nx: y',
  ' 200',
  '200 ',
  '200\0',
  '٢٠٠',
]
const statuses: Case[] = [
  ...each(['200', '201', '206', '404', '500', '599'], (status) =>
    answer('the status', (id) => [head(id, [[':status', status]]), data(id, 'hi', true)], 'forward', {
      status: Number(status),
      body: 'hi',
    }),
  ),
  ...each(BAD_STATUSES, (status) =>
    answer('the status', (id) => [head(id, [[':status', status]]), data(id, 'hi', true)], 'refuse'),
  ),
  bare('no status', [['x-a', '1']], 'refuse'),
  bare('no field at all', [], 'refuse'),
  bare('two statuses', [...ok(), [':status', '200']], 'refuse'),
  bare('two statuses, the first empty', [[':status', ''], ...ok()], 'refuse'),
  bare('a status behind a field', [['x-a', '1'], ...ok()], 'refuse'),
  ...each([':method', ':path', ':scheme', ':authority', ':protocol', ':x', ':'], (name) =>
    bare('no answer has', [...ok(), [name, '/']], 'refuse'),
  ),
]

const CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']
const fields: Case[] = [
  ...each(NO_TOKEN, (c) => withField('a name with', [[`x${c}y`, '1']], 'refuse')),
  ...each(BAD_NAMES, (name) => withField('the name', [[name, '1']], 'refuse')),
  ...each(BAD_VALUES, (value) => withField('the value', [['x-a', value]], 'refuse')),
  ...each(GOOD_VALUES, (value) => withField('the value', [['x-a', value]], 'forward', { fields: [['x-a', value]] })),
  ...['set-cookie', 'location', 'content-type', 'via', 'x-outrigger-reason', 'proxy-authenticate'].flatMap((name) =>
    each(['1\r\nx-evil: 1', '1\0', '1\n', ' 1'], (value) => withField(`${name} with`, [[name, value]], 'refuse')),
  ),
  ...CONNECTION.flatMap((name) =>
    each(['chunked', 'close', 'x', ''], (value) => withField(name, [[name, value]], 'refuse')),
  ),
  ...each(['te', 'http2-settings', 'proxy-authenticate', 'x-outrigger-reason', 'proxy-status'], (name) =>
    withField('between upstream and us', [[name, 'trailers']], 'forward', { fields: [] }),
  ),
  withField(
    'several set-cookie',
    [
      ['set-cookie', 'a=b'],
      ['x-a', '1'],
      ['set-cookie', 'c=d'],
    ],
    'forward',
    {
      fields: [
        ['set-cookie', 'a=b'],
        ['x-a', '1'],
        ['set-cookie', 'c=d'],
      ],
    },
  ),
  withField('more fields than the limit', Array(201).fill(['x', '1']), 'refuse'),
]

const SMUGGLED = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
const sized = (length: string): Fields => ok(['content-length', length])
const lengths: Case[] = [
  answer('the length', (id) => [head(id, sized('2')), data(id, 'hi', true)], 'forward', { length: '2', body: 'hi' }),
  answer(
    'the length, in parts',
    (id) => [head(id, sized('2')), data(id, 'h'), data(id, 'i'), data(id, '', true)],
    'forward',
    {
      body: 'hi',
    },
  ),
  answer('no length', (id) => [head(id, ok()), data(id, 'hi', true)], 'forward', { body: 'hi' }),
  answer('a body that is an answer', (id) => [head(id, ok()), data(id, SMUGGLED, true)], 'forward', { body: SMUGGLED }),
  answer('a body that is a last chunk', (id) => [head(id, ok()), data(id, `0\r\n\r\n${SMUGGLED}`, true)], 'forward', {
    body: `0\r\n\r\n${SMUGGLED}`,
  }),
  answer('an empty body', (id) => [head(id, ok()), data(id, '', true)], 'forward', { body: '' }),
  bare('no body', ok(), 'forward', { body: '' }),
  bare('length 0', sized('0'), 'forward', { body: '', length: '0' }),
  bare('a length above 0, and no body', sized('5'), 'refuse'),
  answer('more than the body', (id) => [head(id, sized('5')), data(id, 'hi', true)], 'break'),
  answer('more than the empty body', (id) => [head(id, sized('5')), data(id, '', true)], 'break'),
  answer(
    'more, then trailers',
    (id) => [head(id, sized('5')), data(id, 'hi'), head(id, [['x-a', '1']], true)],
    'break',
  ),
  answer('less than the body', (id) => [head(id, sized('1')), data(id, `h${SMUGGLED}`, true)], 'break'),
  answer('0 and a body', (id) => [head(id, sized('0')), data(id, SMUGGLED, true)], 'break', {}, { only: 'http2' }),
  answer('less than two frames', (id) => [head(id, sized('5')), data(id, 'hi'), data(id, SMUGGLED, true)], 'break'),
  ...each(['', '+2', '-2', '2 ', '0x2', '2,2', '2.0', '2\0', '2\r\n', 'a', '99999999999999999999'], (length) =>
    answer('the length', (id) => [head(id, sized(length)), data(id, 'hi', true)], 'refuse'),
  ),
  answer('two lengths', (id) => [head(id, [...sized('2'), ['content-length', '2']]), data(id, 'hi', true)], 'refuse'),
  answer(
    'two lengths that differ',
    (id) => [head(id, [...sized('2'), ['content-length', '9']]), data(id, 'hi', true)],
    'refuse',
  ),
]

const HEAD = { method: 'HEAD' } as const
const bodiless: Case[] = [
  bare('HEAD', sized('5'), 'forward', { length: '5', body: '' }, HEAD),
  bare('HEAD without a length', ok(), 'forward', { length: undefined, body: '' }, HEAD),
  answer(
    'HEAD, END_STREAM alone',
    (id) => [head(id, sized('5')), data(id, '', true)],
    'forward',
    { length: '5' },
    HEAD,
  ),
  answer('HEAD with a body', (id) => [head(id, sized('2')), data(id, 'hi', true)], 'forward', { body: '' }, HEAD),
  answer(
    'HEAD with a smuggled body',
    (id) => [head(id, ok()), data(id, SMUGGLED, true)],
    'forward',
    { body: '' },
    HEAD,
  ),
  bare('204', [[':status', '204']], 'forward', { status: 204, length: undefined, body: '' }),
  bare(
    '204 with length 0',
    [
      [':status', '204'],
      ['content-length', '0'],
    ],
    'forward',
    { status: 204, length: undefined },
  ),
  bare(
    '204 with a length',
    [
      [':status', '204'],
      ['content-length', '5'],
    ],
    'refuse',
  ),
  answer('204 with a body', (id) => [head(id, [[':status', '204']]), data(id, SMUGGLED, true)], 'forward', {
    status: 204,
    body: '',
  }),
  bare(
    '304',
    [
      [':status', '304'],
      ['etag', '"a"'],
    ],
    'forward',
    { status: 304, fields: [['etag', '"a"']], body: '' },
  ),
  bare(
    '304 with a length',
    [
      [':status', '304'],
      ['content-length', '5'],
    ],
    'forward',
    { status: 304, length: '5' },
  ),
  answer('304 with a body', (id) => [head(id, [[':status', '304']]), data(id, SMUGGLED, true)], 'forward', {
    status: 304,
    body: '',
  }),
]

const hint = (id: number, status = '103', more: Fields = [], end = false): Buffer =>
  head(id, [[':status', status], ...more], end)
const final = (id: number): Buffer[] => [head(id, ok()), data(id, 'hi', true)]
const informational: Case[] = [
  answer('103, three times', (id) => [hint(id), hint(id), hint(id), ...final(id)], 'forward', {
    body: 'hi',
    informational: [103, 103, 103],
  }),
  answer('100, 102, 199', (id) => [hint(id, '100'), hint(id, '102'), hint(id, '199'), ...final(id)], 'forward', {
    body: 'hi',
    informational: [100, 102, 199],
  }),
  answer('103 with length 0', (id) => [hint(id, '103', [['content-length', '0']]), ...final(id)], 'forward', {
    body: 'hi',
    informational: [103],
  }),
  answer('103 with a length', (id) => [hint(id, '103', [['content-length', '2']]), ...final(id)], 'refuse'),
  answer('103 that ends the stream', (id) => [hint(id, '103', [], true)], 'refuse'),
  answer('100 that ends the stream', (id) => [hint(id, '100', [], true)], 'refuse'),
  answer('101', (id) => [hint(id, '101'), ...final(id)], 'refuse'),
  answer('101 that ends the stream', (id) => [hint(id, '101', [], true)], 'refuse'),
  answer(
    '103 with transfer-encoding',
    (id) => [hint(id, '103', [['transfer-encoding', 'chunked']]), ...final(id)],
    'refuse',
  ),
  answer(
    '103 with an end of line',
    (id) => [hint(id, '103', [['link', 'a\r\n\r\nHTTP/1.1 200 OK']]), ...final(id)],
    'refuse',
  ),
  answer('103 and then DATA', (id) => [hint(id), data(id, 'hi', true)], 'refuse'),
  answer('103 and then the end', (id) => [hint(id), data(id, '', true)], 'refuse'),
  answer('103 without end', (id) => Array(40).fill(hint(id)), 'refuse'),
  answer('103 behind the head', (id) => [head(id, ok()), hint(id), data(id, 'hi', true)], 'break'),
  answer('103 as trailers', (id) => [head(id, ok()), data(id, 'hi'), hint(id, '103', [], true)], 'break'),
]

const order: Case[] = [
  answer('DATA before the head', (id) => [data(id, SMUGGLED), ...final(id)], 'refuse'),
  answer('DATA and no head', (id) => [data(id, SMUGGLED, true)], 'refuse'),
  answer('the end and no head', (id) => [data(id, '', true)], 'refuse'),
  answer('two heads', (id) => [head(id, ok()), head(id, ok()), data(id, 'hi', true)], 'break'),
  answer('a second head that ends', (id) => [head(id, ok()), data(id, 'hi'), head(id, ok(), true)], 'break'),
  answer('RST_STREAM alone', (id) => [reset(id, INTERNAL_ERROR)], 'refuse'),
  answer('RST_STREAM without an error alone', (id) => [reset(id, NO_ERROR)], 'refuse'),
  answer('RST_STREAM behind the head', (id) => [head(id, ok()), reset(id, CANCEL)], 'break'),
  answer('RST_STREAM without an error behind the head', (id) => [head(id, ok()), reset(id, NO_ERROR)], 'break'),
  answer('RST_STREAM in the body', (id) => [head(id, sized('5')), data(id, 'hi'), reset(id, INTERNAL_ERROR)], 'break'),
  answer('RST_STREAM behind the end', (id) => [...final(id), reset(id, NO_ERROR)], 'forward', { body: 'hi' }),
  answer('DATA behind the end', (id) => [...final(id), data(id, SMUGGLED, true)], 'forward', { body: 'hi' }),
  answer('HEADERS behind the end', (id) => [...final(id), head(id, ok(), true)], 'forward', { body: 'hi' }),
  answer('GOAWAY in the body', (id) => [head(id, ok()), data(id, 'hi'), goaway(0, PROTOCOL_ERROR)], 'break'),
  answer('GOAWAY above this stream', (id) => [head(id, ok()), goaway(id, NO_ERROR), data(id, 'hi', true)], 'forward', {
    body: 'hi',
  }),
  answer('the connection ends in the body', (id) => [head(id, ok()), data(id, 'hi')], 'break', {}, { behind: 'fin' }),
  answer(
    'the connection is reset in the body',
    (id) => [head(id, ok()), data(id, 'hi')],
    'break',
    {},
    { behind: 'reset' },
  ),
  answer('the connection ends before the head', () => [], 'refuse', {}, { behind: 'fin' }),
  answer('the connection ends behind the end', final, 'forward', { body: 'hi' }, { behind: 'fin' }),
  answer('more padding than frame', (id) => [head(id, ok()), frame(DATA, PADDED, id, Buffer.from([9, 1]))], 'break'),
  answer(
    'padded DATA',
    (id) => [head(id, sized('2')), frame(DATA, PADDED | END_STREAM, id, Buffer.from([3, 104, 105, 0, 0, 0]))],
    'forward',
    { body: 'hi' },
  ),
]

const trailed = (name: string, late: Fields, verdict: Case['verdict'], trailers: Fields = []): Case =>
  answer(name, (id) => [head(id, ok()), data(id, 'hi'), head(id, late, true)], verdict, { body: 'hi', trailers })
const SUM: Fields = [
  ['x-sum', 'abc'],
  ['x-empty', ''],
  ['x-sum', 'd\xe9f'],
]
const NOT_LATE = [
  'content-length',
  'host',
  'te',
  'trailer',
  'content-type',
  'set-cookie',
  'cache-control',
  'via',
  'proxy-status',
  'x-outrigger-reason',
]
const trailers: Case[] = [
  trailed('trailers', SUM, 'forward', SUM),
  answer('trailers right behind the head', (id) => [head(id, ok()), head(id, SUM, true)], 'forward', {
    body: '',
    trailers: SUM,
  }),
  answer(
    'trailers behind a length',
    (id) => [head(id, sized('2')), data(id, 'hi'), head(id, SUM, true)],
    'forward',
    { body: 'hi', trailers: SUM },
    { wantHttp1: { body: 'hi', trailers: [] } },
  ),
  answer(
    'trailers of HEAD',
    (id) => [head(id, ok()), head(id, SUM, true)],
    'forward',
    { body: '', trailers: SUM },
    { ...HEAD, wantHttp1: { body: '', trailers: [] } },
  ),
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
  ...each([':status', ':path', ':x', ':'], (name) =>
    trailed(
      'among trailers',
      [
        [name, '200'],
        ['x-sum', '1'],
      ],
      'break',
    ),
  ),
  ...each(CONNECTION, (name) => trailed('among trailers', [[name, 'chunked']], 'break')),
  ...each(['', 'X-Sum', 'x sum', 'x:', 'x\r\ny', 'x\0', 'x-sum '], (name) =>
    trailed('a trailer named', [[name, '1']], 'break'),
  ),
  ...each(['\r\n', `1\r\n\r\n${SMUGGLED}`, '1\n', '1\0', ' 1'], (value) =>
    trailed('a trailer of', [['x-sum', value]], 'break'),
  ),
  answer('trailers that do not end', (id) => [head(id, ok()), data(id, 'hi'), head(id, SUM)], 'break'),
]

export const http2: readonly Case[] = [
  ...statuses,
  ...fields,
  ...lengths,
  ...bodiless,
  ...informational,
  ...order,
  ...trailers,
]
