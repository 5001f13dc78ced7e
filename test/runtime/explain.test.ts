import { join } from 'node:path'
import t from 'tap'
import { checkConfig } from '../../src/runtime/check-config.ts'
import type { Explained, Query } from '../../src/runtime/explain/report.ts'
import { explanationText } from '../../src/runtime/explain/text.ts'
import { explain } from '../../src/runtime/explain.ts'

const FILE = `kind: Sidecar
name: orders
inbound:
- {listen: 127.0.0.1:19000, app: 127.0.0.1:8080}
- {listen: 127.0.0.1:19003, app: 127.0.0.1:8081}
outbound: {listen: 127.0.0.1:19001}
---
kind: Service
name: inventory
hosts: [inventory, "*.inv.test"]
endpoints: [10.0.0.7:8080, "[fd00::8]:8080"]
---
kind: Service
name: payments
dns: {name: payments.shop, port: 8080}
---
kind: Policy
name: everything
match: {direction: outbound, service: "*"}
timeout: {request: 5s, connect: 500ms}
retry: {max: 2, budget: {percent: 10%}}
---
kind: Policy
name: inventory
match: {direction: outbound, service: inventory}
timeout: {perTry: 400ms}
bulkhead: {maxConcurrent: 50, maxQueue: 100, maxQueueWait: 200ms}
breaker: {scope: endpoint, slowCall: {threshold: 1500ms}, open: {max: 5s, jitter: 10%}}
---
kind: Policy
name: writes
match:
  direction: outbound
  service: inventory
  routes:
  - {path: "/v1/**", methods: [POST, PUT]}
  - {path: "/v1/orders/{orderNo}", headers: {x-tenant: gold}, stream: true}
retry: {mode: disabled}
---
kind: Policy
name: billing-only
match: {direction: outbound, service: inventory, workload: [billing]}
timeout: {request: 1s}
---
kind: Policy
name: app
match: {direction: inbound, port: 8081}
use: careful
---
kind: Profile
name: careful
timeout: {request: 2s}
fallback:
- {when: [timeout], use: static, status: 503, body: later}
`

const CHECKED = `kind: Service
name: shop
endpoints: [10.0.0.7:8080, 10.0.0.8:8080]
loadBalancing: {algorithm: hash, hashOn: "header:X-User"}
healthCheck: {grpc: {service: shop.Orders}, interval: 2s, timeout: 500ms, unhealthy: 2}
`

t.test('explain() says how an endpoint is picked, and how long one that hangs goes unnoticed', async (t) => {
  const { config } = checkConfig([join(t.testdir({ 'policy.yaml': CHECKED }), 'policy.yaml')])
  const query = { direction: 'outbound', url: undefined, service: 'shop', method: 'GET', headers: [], port: undefined }
  const explanation = explain(config!, query as unknown as Query)
  t.match(explanation, {
    endpoints:
      '10.0.0.7:8080, 10.0.0.8:8080, hash on header x-user; checked by gRPC health shop.Orders every 2s, one that hangs is ' +
      'out after at most 4.9s',
  })
})

const path = join(t.testdir({ 'policy.yaml': FILE }), 'policy.yaml')
const { config, issues } = checkConfig([path])
if (config === undefined) throw new Error(JSON.stringify(issues))

function ask(query: Partial<Query>) {
  const whole = {
    direction: 'outbound',
    url: undefined,
    service: undefined,
    method: 'GET',
    headers: [],
    port: undefined,
  }
  return explain(config!, { ...whole, ...query } as Query)
}

function found(query: Partial<Query>): Explained {
  const explanation = ask(query)
  if (!explanation.found) throw new Error(explanation.reason)
  return explanation
}

function reason(query: Partial<Query>): string {
  const explanation = ask(query)
  return explanation.found ? 'found' : explanation.reason
}

/** Line of the file that holds `text`. */
function line(text: string): string {
  return `${path}:${FILE.split('\n').findIndex((candidate) => candidate.includes(text)) + 1}`
}

function fact(explanation: Explained, name: string) {
  return explanation.facts.find((fact) => fact.name === name)!
}

/** Blocks come and go with versions: none is known by its place. */
function named(blocks: Explained['blocks'], name: string): Explained['blocks'][number] | undefined {
  return blocks.find(({ block }) => block === name)
}

t.test('explain() says which policy each block comes from, whom it beats and why', (t) => {
  const { blocks, met } = found({ url: 'http://x.inv.test:9090/v2?q=1' })
  t.strictSame(
    blocks.filter(({ state }) => state !== 'none').map(({ block, state, policy }) => [block, state, policy]),
    [
      ['timeout', 'stated', 'inventory'],
      ['bulkhead', 'stated', 'inventory'],
      ['retry', 'stated', 'everything'],
      ['breaker', 'stated', 'inventory'],
    ],
  )
  t.match(named(blocks, 'timeout')?.over, [
    { policy: 'everything', because: 'names the service', place: line('request: 5s') },
  ])
  t.strictSame(
    met.map(({ policy }) => policy),
    ['inventory', 'everything'],
  )
  t.end()
})

t.test('explain() gives each value its line, or says that it is a default', (t) => {
  const { blocks } = found({ service: 'inventory' })
  const values = blocks.flatMap(({ block, values }) =>
    values.map(({ field, value, from }) => [`${block}.${field}`, value, from] as const),
  )
  const value = (field: string) => values.find(([name]) => name === field)?.slice(1)
  t.strictSame(value('timeout.perTry'), ['400ms', line('perTry: 400ms')])
  t.strictSame(value('timeout.connect'), ['1s', 'default'])
  t.strictSame(value('retry.budget.percent'), ['10%', line('percent: 10%')])
  t.strictSame(value('retry.maxBodyBytes'), ['64KiB', 'default'])
  t.strictSame(value('breaker.slowCall.threshold'), ['1500ms', line('slowCall')])
  t.strictSame(value('breaker.window.size'), ['100', 'default'])
  t.end()
})

t.test('explain() says what was taken away, and why a policy is not met', (t) => {
  const write = found({ url: 'inventory/v1/x', method: 'POST' })
  t.match(named(write.blocks, 'retry'), { block: 'retry', state: 'disabled', policy: 'writes', values: [] })
  t.equal(write.route, '/v1/**')
  t.equal(fact(write, 'attempts').value, 1)
  t.match(write.missed, [{ policy: 'billing-only', because: "this sidecar is 'orders'" }])
  const read = found({ url: 'inventory/v1/x' })
  t.strictSame(
    read.missed.map(({ policy, because }) => [policy, because]),
    [
      ['writes', 'the method is GET'],
      ['writes', 'the path is /v1/x'],
      ['billing-only', "this sidecar is 'orders'"],
    ],
  )
  const gold = found({ url: 'inventory/v1/orders/7', headers: ['X-Tenant', 'gold'] })
  t.equal(gold.route, '/v1/orders/{orderNo}')
  t.equal(gold.stream, true)
  t.equal(found({ url: 'inventory/v1/orders/7' }).missed[1]?.because, 'the headers are not there')
  t.end()
})

t.test('explain() takes the host of a route from the URL, or from the field', (t) => {
  const file =
    'kind: Sidecar\nname: a\ninbound:\n- {listen: 127.0.0.1:19000, app: original}\n---\nkind: Policy\nname: h\n' +
    'match: {direction: inbound, routes: [{headers: {host: shop.test}}]}\ntimeout: {request: 1s}\n'
  const { config: hosts } = checkConfig([join(t.testdir({ 'policy.yaml': file }), 'policy.yaml')])
  const of = (url: string, headers: string[] = []) =>
    explain(hosts!, {
      direction: 'inbound',
      url,
      service: undefined,
      method: 'GET',
      headers,
      port: undefined,
    }) as Explained
  t.equal(of('http://Shop.test:8080/x').met[0]?.policy, 'h')
  t.equal(of('/x', ['Host', 'shop.test']).met[0]?.policy, 'h')
  t.equal(of('/x').missed[0]?.because, 'no host was named')
  t.equal(of('http://other/x').missed[0]?.because, 'the host is other')
  t.end()
})

t.test('explain() works out attempts, worst case, load, slots and open time', (t) => {
  const inventory = found({ service: 'inventory' })
  t.equal(fact(inventory, 'attempts').value, 3)
  t.equal(fact(inventory, 'latency').value, 3 * 400 + 25 + 75 + 200)
  t.match(fact(inventory, 'latency').text, /^1\.5s .*\(3 x perTry 400ms \+ pauses 100ms \+ queue 200ms\)/)
  t.equal(fact(inventory, 'load').value, 0.1)
  t.match(fact(inventory, 'load').text, /^at most \+10% calls to inventory.*would be \+200%\.$/)
  t.match(fact(inventory, 'bulkhead').text, /^50 requests .* 100 more wait, 200ms at most; number 151 gets 503/)
  t.match(fact(inventory, 'breaker').text, /80% took 1\.5s or longer.*for 4\.5s to 5\.5s, then asks with 5 probes/)
  const payments = found({ service: 'payments' })
  t.equal(fact(payments, 'latency').value, 5000)
  t.match(fact(payments, 'bulkhead'), { value: null, text: /^none/ })
  const inbound = found({ direction: 'inbound', url: 'http://orders:8080/' })
  t.match(fact(inbound, 'latency'), { value: null, text: /^unbounded/ })
  t.match(fact(inbound, 'attempts'), { value: 1 })
  t.end()
})

t.test('explain() says of writes when they are repeated', (t) => {
  const text = (method: string) => fact(found({ service: 'payments', method }), 'attempts').text
  t.match(text('POST'), /A POST is repeated only if it provably never reached the upstream\.$/)
  t.notMatch(text('PUT'), /repeated/)
  t.end()
})

t.test('explain() says of gRPC calls that the outcomes alone decide, and of streams what bounds them', (t) => {
  const yaml = `kind: Service
name: feed
endpoints: [10.0.0.7:8080]
---
kind: Policy
name: feed
match: {direction: outbound, service: feed}
retry: {max: 1, when: ["grpc:UNAVAILABLE"]}
bulkhead: {maxConcurrent: 20, maxQueue: 5}
---
kind: Policy
name: streams
match: {direction: outbound, service: feed, routes: [{path: /events, stream: true}]}
timeout: {idle: 90s, maxStream: 1h}
bulkhead: {maxConcurrent: 20, maxQueue: 5, maxStreams: 50}
---
kind: Policy
name: plain-streams
match: {direction: outbound, service: feed, routes: [{path: /plain, stream: true}]}
timeout: {connect: 1s}
---
kind: Policy
name: calls
match: {direction: outbound, service: feed, routes: [{grpc: shop.Open/*}, {grpc: shop.Unary/*, stream: false}]}
timeout: {maxStream: 1h}
---
kind: Policy
name: bounded
match: {direction: outbound, service: feed, routes: [{grpc: shop.Open/Soon}, {grpc: shop.Unary/Soon, stream: false}]}
timeout: {request: 2s}
`
  const { config } = checkConfig([join(t.testdir({ 'policy.yaml': yaml }), 'policy.yaml')])
  const asked = { direction: 'outbound', service: undefined, port: undefined } as const
  const of = (path: string, method: string, headers: string[] = []) => {
    return explain(config!, { ...asked, url: `http://feed${path}`, method, headers }) as Explained
  }
  const call = of('/shop.Feed/Get', 'POST', ['content-type', 'application/grpc'])
  t.match(fact(call, 'attempts').text, /on grpc:UNAVAILABLE\. gRPC calls are all POST: these outcomes alone decide/)
  t.match(fact(of('/x', 'POST'), 'attempts').text, /only if it provably never reached the upstream\.$/)
  const stream = of('/events', 'GET')
  t.match(fact(stream, 'bulkhead'), {
    value: 50,
    text: /^50 streams at once for the service, nobody waits; number 51 /,
  })
  t.match(fact(stream, 'latency'), {
    value: 3_600_000,
    text: /^1h \(maxStream\).* silence ends it, after 90s \(idle\)/,
  })
  t.match(fact(of('/plain', 'GET'), 'latency'), { value: null, text: /^unbounded.* after 1h \(idle\)/ })
  t.match(fact(of('/plain', 'GET'), 'bulkhead').text, /^20 requests .* 5 more wait/)
  t.match(fact(of('/x', 'GET'), 'latency'), { value: null, text: /^unbounded.* after 5m \(idle\)/ })
  const grpc = (path: string) => fact(of(path, 'POST', ['content-type', 'application/grpc']), 'latency')
  t.match(grpc('/shop.Open/Get'), { value: 3_600_000, text: /^1h \(maxStream\).* silence ends it, after 1h \(idle\)/ })
  t.match(grpc('/shop.Unary/Get'), { value: null, text: /^unbounded.* after 5m \(idle\)/ })
  t.match(grpc('/shop.Open/Soon'), { value: 2000, text: /^2s to the first message of the answer, then 504/ })
  t.match(grpc('/shop.Unary/Soon'), { value: 2000, text: /^2s, then 504: waiting, every attempt/ })
  t.end()
})

t.test('explain() keeps the order of the policies, at work or not', (t) => {
  const { order } = found({ url: 'inventory/v1/x', method: 'POST' })
  t.strictSame(
    order.filter(({ atWork }) => atWork).map(({ step }) => step),
    ['bulkhead', 'pick an endpoint', 'breaker of the endpoint', 'timeout.perTry', 'connection'],
  )
  t.notOk(order.find(({ step }) => step === 'fallback')?.atWork)
  t.end()
})

t.test('explain() finds the application by port', (t) => {
  const app = found({ direction: 'inbound', url: 'http://orders:8081/a/../b' })
  t.match(app, { service: 'orders', port: 8081, path: '/b', endpoints: '127.0.0.1:8081' })
  t.match(named(app.blocks, 'timeout'), { policy: 'app', profile: 'careful', place: line('timeout: {request: 2s}') })
  t.match(fact(app, 'fallback').text, /^on timeout the client gets a 503 of ours\.$/)
  t.equal(found({ direction: 'inbound', url: '/', port: 8080 }).port, 8080)
  t.match(reason({ direction: 'inbound', url: '/' }), /ports 8080, 8081/)
  t.match(reason({ direction: 'inbound', url: 'http://x:1/' }), /No application listens on port 1/)
  t.end()
})

t.test('explain() says in a sentence why a request goes nowhere', (t) => {
  t.match(reason({ url: 'http://inventry/' }), /host 'inventry'.*404 route_not_found\. Did you mean 'inventory'\?$/)
  t.match(reason({ url: 'http://zzzzzzzz/' }), /There are inventory, payments\.$/)
  t.match(reason({ service: 'payment' }), /no Service 'payment'\. Did you mean 'payments'\?$/)
  t.match(reason({ url: 'inventory/a/../../b' }), /refused with 400/)
  t.match(reason({ url: 'inventory/%00' }), /refused with 400/)
  t.match(reason({ url: '/a' }), /names no host/)
  const { sidecar } = config
  const open = {
    ...config,
    sidecar: { ...sidecar, outbound: { ...sidecar.outbound!, unknownHosts: 'passthrough' as const } },
  }
  const query = {
    direction: 'outbound',
    url: 'example.org',
    service: undefined,
    method: 'GET',
    headers: [],
    port: undefined,
  }
  t.match(explain(open, query as Query), { found: false, passthrough: true, reason: /passed through/ })
  t.end()
})

t.test('explain() lists the warnings of policies that are met, and only theirs', (t) => {
  t.match(found({ service: 'inventory' }).warnings, [{ code: 'W011', place: line('timeout: {perTry') }])
  t.strictSame(found({ service: 'payments' }).warnings, [])
  t.end()
})

t.test('explain() is data: JSON gives it back', (t) => {
  const explanation = found({ service: 'inventory' })
  t.strictSame(JSON.parse(JSON.stringify(explanation)), explanation)
  t.end()
})

t.test('explanationText() stays within 100 columns, places aside', (t) => {
  for (const query of [{ service: 'inventory' }, { url: 'inventory/v1/x', method: 'POST' }, { service: 'payments' }]) {
    for (const line of explanationText(ask(query)).split('\n')) {
      if ([...line.replaceAll(path, '')].length > 100) t.fail(line)
    }
  }
  const text = explanationText(ask({ service: 'inventory' }))
  for (const part of ['worst case  1.5s', 'Policies not met:', 'beats everything', 'Order  bulkhead', 'W011']) {
    t.ok(text.includes(part), part)
  }
  t.end()
})

t.test('explain() knows a gRPC route by its method', (t) => {
  const yaml = `kind: Service
name: stock
endpoints: [10.0.0.7:8080]
---
kind: Policy
name: reserve
match: {direction: outbound, service: stock, routes: [{grpc: shop.Stock/Reserve, stream: false}]}
timeout: {request: 1s}
`
  const file = join(t.testdir({ 'policy.yaml': yaml }), 'policy.yaml')
  const { config } = checkConfig([file])
  const asked = {
    direction: 'outbound',
    url: 'http://stock/shop.Stock/Reserve',
    service: undefined,
    port: undefined,
  } as const
  const headers = ['Content-Type', 'application/grpc']
  const call = explain(config!, { ...asked, method: 'POST', headers })
  t.match(call, { found: true, route: 'shop.Stock/Reserve', stream: false })
  t.match(call, { met: [{ policy: 'reserve', match: 'gRPC shop.Stock/Reserve, service stock' }] })
  const plain = explain(config!, { ...asked, method: 'POST', headers: [] })
  t.match(plain, { route: '*', missed: [{ policy: 'reserve', because: 'it is for gRPC calls' }] })
  t.end()
})

t.test('a fallback says what each entry gives, and what asking a service adds to the worst case', (t) => {
  const text = [
    'kind: Service\nname: a\nendpoints: ["10.0.0.7:8080"]\n',
    'kind: Service\nname: b\nendpoints: ["10.0.0.8:8080"]\n',
    `kind: Policy
name: p
match: {direction: outbound, service: a, routes: [{methods: [GET]}]}
timeout: {request: 2s}
fallback:
- {when: [5xx], use: cached, maxStale: 5m}
- {when: [any], use: service, service: b, timeout: 300ms}
- {when: [any], use: static, status: 503}
`,
  ].join('---\n')
  const loaded = checkConfig([join(t.testdir({ 'policy.yaml': text }), 'policy.yaml')])
  const query = {
    direction: 'outbound',
    url: undefined,
    service: 'a',
    method: 'GET',
    headers: [],
    port: undefined,
  } as const
  const explained = explain(loaded.config!, query) as Explained
  t.match(fact(explained, 'latency'), { value: 2300, text: /^2\.3s, then fallback service 300ms:/ })
  t.equal(
    fact(explained, 'fallback').text,
    'on 5xx the client gets the last good answer to the same GET, up to 5m old, if there is one; on any the client gets ' +
      'the answer of service b, within 300ms; on any the client gets a 503 of ours. The first that applies answers; each ' +
      'counts as a failure.',
  )
  t.end()
})
