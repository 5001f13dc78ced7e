import t from 'tap'
import { compare, load } from '../../support/marked.ts'

function policy(blocks: string, routes = ''): string {
  return `kind: Policy\nname: p\nmatch: {direction: outbound, service: "*"${routes}}\n${blocks}\n`
}

const GET = ', routes: [{methods: [GET, HEAD]}]'
const STATIC = 'use: static, when: [any]'

type Case = readonly [code: string, marked: string, says: RegExp]

const warned: readonly Case[] = [
  [
    'W001',
    policy('timeout: {request: 1s, perTry: 400ms}\nretry: {→max: 2}'),
    /400ms x 3 \+ 100ms backoff = 1300ms.*max to 1/,
  ],
  ['W001', policy('timeout: {request: 1s, perTry: 900ms}\nretry: {→max: 1}'), /lower perTry$/],
  ['W001', policy('timeout: {request: 1s, perTry: 500ms}\nretry: {→max: 1}'), /\+ 25ms backoff = 1025ms/],
  ['W002', policy('timeout: {request: 1s, →perTry: 1s}'), /shorter than timeout.request \(1s\), found 1s/],
  [
    'W003',
    policy('timeout: {perTry: 1s}\nbreaker: {scope: service, window: {type: time, →size: 1s}}'),
    /twice.* 2s, found 1s/,
  ],
  ['W004', policy('timeout: {request: 1s}\nbulkhead: {maxConcurrent: 1, →maxQueueWait: 1s}'), /shorter than/],
  ['W005', policy('retry: {→methods: any, unsafe: true}'), /carried out twice/],
  [
    'W009',
    policy('timeout: {→request: 1s}', ', routes: [{path: /a}, {stream: true}]'),
    /policy p is stream: true \(line 3\)/,
  ],
  ['W008', policy('fault: {percent: 5%, delay: 1ms, →until: 2026-12-31T01:00:00+01:00}'), /until 2026-12-31T00:00:00Z/],
  ['W016', policy('timeout: {→perTry: 1s}\nretry: {max: 0}'), /perTry \(1s\) .* policy p makes none/],
  ['W016', policy('timeout: {request: 2s, →perTry: 1s}\nretry: {mode: disabled}'), /ends the only attempt/],
  ['W017', policy('retry: {→max: 2}'), /retry.max \(2\) .*found neither/],
  ['W017', policy('timeout: {idle: 1m}\nretry: {→max: 1}'), /hangs/],
  ['W017', policy('timeout: {request: 1s, mode: disabled}\nretry: {→max: 1}'), /hangs/],
  [
    'W018',
    policy('breaker: {scope: service, window: {size: 10, →minimumCalls: 11}}'),
    /at most window.size \(10\), found 11/,
  ],
  ['W018', policy('breaker: {scope: service, window: {→size: 19}}'), /found the default, 20: it is taken as 19/],
  ['W005', policy('retry: {→methods: any, unsafe: true, mode: shadow}'), /carried out twice/],
  ['W004', policy('mode: shadow\ntimeout: {request: 1s}\nbulkhead: {maxConcurrent: 1, →maxQueueWait: 1s}'), /shorter/],
  ['W006', policy('fallback: [{when: [any], →use: cached}]'), /only GET and HEAD are met/],
  ['W006', policy('fallback: [{when: [any], →use: cached}]', ', routes: [{path: /a}]'), /methods: \[GET, HEAD\]/],
  ['W006', policy('fallback: [{when: [any], →use: cached}]', ', routes: [{grpc: a.B/*}]'), /no other request/],
  ['W010', policy(`fallback: [{${STATIC}, →status: 202}]`), /should not say 202/],
  ['W010', policy(`fallback: [→{${STATIC}}]`), /should not say 200/],
  [
    'W010',
    policy(`fallback: [{${STATIC}, →status: 299}]`, ', routes: [{methods: [GET]}, {methods: [GET, PUT]}]'),
    /299/,
  ],
]

for (const [code, marked, says] of warned) {
  t.test(`${code} of ${marked.split('\n').slice(3).join(' ')}`, async (t) => {
    const { issues, got, want } = compare(marked, code)
    t.same(got, want)
    t.equal(issues[0]?.severity, 'warning')
    t.match(issues[0]?.message, says)
  })
}

const fine: readonly string[] = [
  policy('fallback: [{when: [any], use: cached}]', GET),
  policy('timeout: {request: 2s, perTry: 500ms}\nretry: {max: 2}'),
  policy('timeout: {request: 500ms}\nretry: {max: 10}'),
  policy('timeout: {perTry: 10s}\nretry: {max: 10}'),
  policy('timeout: {request: 1s}\nretry: {max: 0}'),
  policy('timeout: {request: 1s}\nretry: {max: 3, mode: disabled}'),
  policy('timeout: {perTry: 1s}'),
  policy('timeout: {perTry: 1s}\nretry: {max: 0}\nhedge: {mode: shadow}'),
  policy('breaker: {scope: service, window: {size: 20}}'),
  policy('breaker: {scope: service, window: {type: time, size: 1s, minimumCalls: 9}}'),
  policy('timeout: {perTry: 9s}\nbreaker: {scope: service, window: {size: 1, minimumCalls: 1}}'),
  policy('timeout: {perTry: 1s}\nbreaker: {scope: service, window: {type: time, size: 2s}}'),
  policy('timeout: {request: 500ms}\nbulkhead: {maxConcurrent: 1, maxQueue: 5}'),
  policy('retry: {methods: keyed}'),
  policy('timeout: {request: 1s}', ', routes: [{stream: false}]'),
  policy('timeout: {idle: 1s}', ', routes: [{stream: true}]'),
  policy(`fallback: [{${STATIC}}]`, GET),
  policy(`fallback: [{${STATIC}, status: 503}]`),
  policy(`fallback: [{${STATIC}, grpcStatus: UNAVAILABLE}]`, ', routes: [{grpc: a.B/*}]'),
  policy(`fallback: [{${STATIC}}]\nmode: disabled`),
]

for (const text of fine) {
  t.test(`nothing of ${text.split('\n').slice(2).join(' ')}`, async (t) => {
    t.same(load(text).issues, [])
  })
}

t.test('W007 where the Service that a policy names lists one endpoint', async (t) => {
  const text = (service: string, where: string, blocks = 'outlier: {}') =>
    `kind: Service\nname: s\n${where}\n---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: ${service}}\n${blocks}\n`
  const warned = load(text('s', 'endpoints: ["10.0.0.7:80"]'))
  t.match(warned.issues, [
    { code: 'W007', severity: 'warning', place: { line: 8 }, message: /Service s has one endpoint/ },
  ])
  for (const fine of [
    text('s', 'endpoints: ["10.0.0.7:80", "10.0.0.8:80"]'),
    text('"*"', 'endpoints: ["10.0.0.7:80"]'),
    text('s', 'dns: {name: s, port: 80}'),
    text('s', 'endpoints: ["10.0.0.7:80"]', 'outlier: {mode: disabled}'),
  ]) {
    t.same(load(fine).issues, [])
  }
})

t.test('W019 where the Service that a policy names lists one endpoint', async (t) => {
  const text = (service: string, endpoints: string, block = 'hedge: {}') =>
    `kind: Service\nname: s\nendpoints: [${endpoints}]\n---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: ${service}}\n${block}\n`
  for (const block of ['hedge: {}', 'hedge: {mode: shadow}']) {
    t.match(load(text('s', '"10.0.0.7:80"', block)).issues, [
      { code: 'W019', severity: 'warning', place: { line: 8 }, message: /Service s has one/ },
    ])
  }
  t.same(load(text('s', '"10.0.0.7:80", "10.0.0.8:80"')).issues, [])
  t.same(load(text('"*"', '"10.0.0.7:80"')).issues, [])
  t.same(load(text('s', '"10.0.0.7:80"', 'hedge: {mode: disabled}')).issues, [])
})

t.test('W020 where a body names what no path of the policy has', async (t) => {
  const text = (body: string, match = '') =>
    policy(`fallback: [{when: [any], use: static, status: 503, body: '${body}'}]`, match)
  const orders = ', routes: [{path: "/o/{orderNo}"}, {path: "/o/**"}]'
  const named = (name: string) => text(`{"no": "\${${name}}"}`, orders)
  t.match(load(named('orderno')).issues, [{ code: 'W020', message: /found 'orderno'; did you mean 'orderNo'\?$/ }])
  t.same(load(named('orderNo')).issues, [])
  t.match(load(text('\u0024{x}')).issues, [{ code: 'W020', message: /found 'x': no path of it has a name$/ }])
  t.same(load(text('costs 5 $, {x}')).issues, [])
})

t.test('W021 where a drain ends before it has waited', async (t) => {
  const text = (drain: string) => `kind: Sidecar\nname: o\ndrain: ${drain}\n`
  t.match(load(text('{timeout: 5s}')).issues, [{ code: 'W021', place: { line: 3, column: 18 }, message: /found 5s$/ }])
  t.match(load(text('{wait: 9s}')).issues, [{ code: 'W021', place: { line: 3, column: 15 }, message: /\(8s\)/ }])
  t.same(load(text('{wait: 5s, timeout: 5001ms}')).issues, [])
})

t.test('W017 not where another policy that the same requests may meet states the time', async (t) => {
  const other = (match: string) => `---\nkind: Policy\nname: q\nmatch: {${match}}\ntimeout: {request: 2s}\n`
  const retrying = policy('retry: {max: 1}', ', routes: [{path: /a}]')
  t.same(load(`${retrying}${other('direction: outbound, service: "*"')}`).issues, [])
  t.match(load(`${retrying}${other('direction: inbound')}`).issues, [{ code: 'W017' }])
})

t.test('blocks of a Profile count, and two users of one make one warning', async (t) => {
  const user = (name: string) =>
    `---\nkind: Policy\nname: ${name}\nmatch: {direction: outbound, service: "*", routes: [{path: /${name}}]}\nuse: r\n`
  const { config, issues } = load(
    `kind: Profile\nname: r\nretry: {methods: any, unsafe: true}\n${user('a')}${user('b')}`,
  )
  t.same(
    issues.map(({ code, place }) => `${code} ${place.line}:${place.column}`),
    ['W005 3:9'],
  )
  t.same(config?.warnings, issues)
})

t.test('W008 tells a fault that is past its time from one that is not', async (t) => {
  const text = policy('fault: {percent: 5%, delay: 1ms, until: 2026-12-31T00:00:00Z}')
  const until = Date.parse('2026-12-31T00:00:00Z')
  const said = (now: number) => load(text, { now }).issues.map(({ code, message }) => `${code} ${message}`)
  t.match(said(until - 1), [/W008 fault makes requests fail until/])
  t.match(said(until), [/W008 fault is past its time, 2026-12-31T00:00:00Z, and does nothing/])
  t.same(load(text.replace('percent', 'mode: disabled, percent')).issues, [])
})
