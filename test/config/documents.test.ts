import t from 'tap'
import type { Config } from '../../src/config/model.ts'
import { load } from '../support/marked.ts'

function configOf(text: string): Config {
  const { config, issues } = load(text)
  if (config === undefined) throw new Error(issues.map((issue) => issue.message).join('\n'))
  return config
}

function _service(name: string): string {
  return `kind: Service\nname: ${name}\nendpoints: ["10.0.0.7:8080"]\n`
}

t.test('Sidecar: defaults in ms, bytes and fractions', async (t) => {
  const { sidecar } = configOf('kind: Sidecar\nname: orders\ninbound: [{app: "127.0.0.1:8080"}]')
  t.strictSame(JSON.parse(JSON.stringify(sidecar)), {
    name: 'orders',
    inbound: [{ listen: { host: '0.0.0.0', port: 19000 }, app: { host: '127.0.0.1', port: 8080 }, protocol: 'auto' }],
    admin: { listen: { host: '127.0.0.1', port: 19002 } },
    trust: { peers: [], sourceHeader: '', sources: [] },
    limits: {
      maxHeaderBytes: 65536,
      maxHeaders: 200,
      maxConnections: 10000,
      maxRequestBytes: null,
      maxReplayBytes: 33554432,
      maxCacheBytes: 33554432,
      headTimeout: 10000,
      idleTimeout: 300000,
    },
    drain: { wait: 5000, timeout: 8000 },
    accessLog: { format: 'json', sample: 1, output: 'stdout' },
    tracing: { sample: 0.01, propagators: ['tracecontext', 'baggage', 'b3'] },
    metrics: { idle: 3_600_000, compatibility: [] },
    place: { file: 'policy.yaml', line: 1, column: 1 },
  })
  t.equal(sidecar.limits.maxRequestBytes, Number.POSITIVE_INFINITY)
  t.equal(sidecar.outbound, undefined, 'a Sidecar for the inbound side alone')
})

t.test('Sidecar: everything stated', async (t) => {
  const { sidecar } = configOf(`
kind: Sidecar
name: orders
inbound:
- {listen: 127.0.0.1:0, app: "[::1]:8080", protocol: http1}
- {listen: 127.0.0.1:0, app: "127.0.0.1:8081"}
outbound: {listen: 127.0.0.1:0, unknownHosts: passthrough}
admin: {listen: "[::1]:0"}
trust:
  peers: [10.0.0.0/8, 192.0.2.1]
  sourceHeader: X-Outrigger-Source
  sources: {frontend: {cidr: ["fd00::/8"]}}
limits: {maxRequestBytes: 1MiB, headTimeout: 1.5s}
accessLog: {format: none, sample: 0.5%, output: /var/log/access.log}
tracing: {sample: 100%, propagators: [b3], tail: {slowerThan: 1.5s}}
`)
  t.match(sidecar, {
    inbound: [{ app: { host: '::1', port: 8080 }, protocol: 'http1' }, { app: { host: '127.0.0.1', port: 8081 } }],
    outbound: { listen: { host: '127.0.0.1', port: 0 }, unknownHosts: 'passthrough' },
    trust: {
      peers: ['10.0.0.0/8', '192.0.2.1/32'],
      sourceHeader: 'x-outrigger-source',
      sources: [{ name: 'frontend', cidr: ['fd00::/8'] }],
    },
    limits: { maxRequestBytes: 1048576, headTimeout: 1500 },
    accessLog: { format: 'none', sample: 0.005, output: '/var/log/access.log' },
    tracing: { sample: 1, propagators: ['b3'], tail: { errors: true, slowerThan: 1500 } },
  })
})

t.test('Sidecar: a tail takes errors, unless told otherwise, and what is slow where that is said', async (t) => {
  const tail = (text: string) => configOf(`kind: Sidecar\nname: a\ntracing: {tail: ${text}}`).sidecar.tracing.tail
  t.same(tail('{}'), { errors: true, slowerThan: Number.POSITIVE_INFINITY })
  t.same(tail('{errors: false, slowerThan: 250ms}'), { errors: false, slowerThan: 250 })
})

t.test('Sidecar: options.sidecarName wins', async (t) => {
  t.equal(load('kind: Sidecar\nname: a', { sidecarName: 'b' }).config?.sidecar.name, 'b')
  t.equal(load('', { sidecarName: 'b' }).config?.sidecar.name, 'b')
})

t.test('Service: defaults, endpoints, hosts, dns', async (t) => {
  const { services } = configOf(`
kind: Service
name: inventory
endpoints: ["10.0.0.7:8080", {address: "[fd00::8]:8080", weight: 50}]
---
kind: Service
name: other
hosts: [Other, "*.Shop.test", other:8080]
dns: {name: other.svc, port: 80}
hostHeader: endpoint
loadBalancing: {algorithm: roundRobin}
connections: {idle: 10s}
`)
  t.match(services[0], {
    hosts: ['inventory'],
    endpoints: [
      { host: '10.0.0.7', port: 8080, weight: 1 },
      { host: 'fd00::8', port: 8080, weight: 50 },
    ],
    dns: undefined,
    hostHeader: 'keep',
    sidecar: false,
    propagate: 'all',
    loadBalancing: { algorithm: 'ewma', hashOn: '' },
    healthCheck: undefined,
    connections: { maxPerEndpoint: 256, idle: 4000, maxAge: 600000 },
  })
  t.match(services[1], {
    hosts: ['other', '*.shop.test', 'other:8080'],
    endpoints: [],
    dns: { name: 'other.svc', port: 80, refresh: 10000 },
    loadBalancing: { algorithm: 'roundRobin', hashOn: '' },
    connections: { maxPerEndpoint: 256, idle: 10000 },
  })
})

t.test('Service: balancing and health checks', async (t) => {
  const { services } = configOf(`
kind: Service
name: a
endpoints: ["10.0.0.7:8080"]
loadBalancing: {algorithm: hash, hashOn: "header:X-User"}
healthCheck: {path: /healthz}
---
kind: Service
name: b
endpoints: ["10.0.0.7:8081"]
healthCheck: {grpc: {}, interval: 1s, timeout: 250ms, healthy: 1, unhealthy: 5}
`)
  t.strictSame(
    services.map(({ loadBalancing }) => loadBalancing),
    [
      { algorithm: 'hash', hashOn: 'x-user' },
      { algorithm: 'ewma', hashOn: '' },
    ],
  )
  t.same(
    services.map(({ healthCheck }) => healthCheck),
    [
      { path: '/healthz', grpc: undefined, interval: 5000, timeout: 1000, healthy: 2, unhealthy: 3 },
      { path: '', grpc: { service: '' }, interval: 1000, timeout: 250, healthy: 1, unhealthy: 5 },
    ],
  )
})

t.test('Policy: match, blocks, places', async (t) => {
  const { policies } = configOf(`kind: Policy
name: p
match:
  direction: inbound
  workload: [orders, billing]
  port: 8080
  routes:
  - {path: "/v1/{id}/**", methods: [GET, HEAD], headers: {X-Tenant: gold}}
  - {stream: true}
timeout: {perTry: 500ms, idle: 1h}
retry:
  when: [503, 502-504, timeout]
`)
  const [policy] = policies
  t.match(policy, {
    direction: 'inbound',
    service: '*',
    workload: ['orders', 'billing'],
    port: 8080,
    routes: [
      { path: '/v1/{id}/**', methods: ['GET', 'HEAD'], headers: [['x-tenant', 'gold']], stream: undefined },
      { path: undefined, methods: [], headers: [], stream: true, place: { line: 9, column: 5 } },
    ],
    blocks: [
      { block: 'timeout', mode: 'enforce', policy: 'p', profile: '', place: { line: 10, column: 1 } },
      { block: 'retry' },
    ],
  })
  t.strictSame(policy?.blocks[0]?.config, {
    request: undefined,
    perTry: 500,
    idle: 3_600_000,
    connect: 1000,
    maxStream: undefined,
  })
  t.strictSame(policy?.blocks[1]?.config, {
    max: 0,
    when: ['503', '502-504', 'timeout'],
    methods: 'idempotent',
    unsafe: false,
    backoff: { base: 25, max: 250, jitter: 'full' },
    budget: { percent: 0.2, window: 10000, minPerSecond: 1 },
    maxBodyBytes: 65536,
  })
  t.same(
    [...(policy?.blocks[1]?.places ?? [])].map(([path, { line, column }]) => `${path} ${line}:${column}`),
    ['when 12:3', 'when.0 12:10', 'when.1 12:15', 'when.2 12:24'],
  )
})

const PROFILE = `kind: Profile
name: standard
timeout: {request: 9s}
retry: {max: 1}
---
`

t.test('Profile: its blocks, unless the policy states them', async (t) => {
  const { policies } = configOf(
    `${PROFILE}kind: Policy\nname: p\nmatch: {direction: outbound, service: "*"}\nuse: standard\ntimeout: {connect: 2s}`,
  )
  t.match(policies[0]?.blocks, [
    { block: 'timeout', profile: '', config: { request: undefined, connect: 2000 }, place: { line: 10 } },
    { block: 'retry', profile: 'standard', policy: 'p', config: { max: 1 }, place: { line: 4 } },
  ])
})

t.test('mode: disabled of a policy disables all its blocks, of a block that block', async (t) => {
  const head = 'kind: Policy\nname: p\nmatch: {direction: outbound, service: "*"}\n'
  const whole = configOf(`${PROFILE}${head}use: standard\nmode: disabled\nbulkhead: {maxConcurrent: 1}`)
  t.same(whole.policies[0]?.blocks.map(({ block, mode }) => `${block} ${mode}`).toSorted(), [
    'bulkhead disabled',
    'retry disabled',
    'timeout disabled',
  ])
  const single = configOf(
    `${head}timeout: {mode: disabled}\nbreaker: {mode: disabled}\nfallback: {mode: disabled}\nretry: {}`,
  )
  t.same(single.policies[0]?.blocks.map(({ block, mode }) => `${block} ${mode}`).toSorted(), [
    'breaker disabled',
    'fallback disabled',
    'retry enforce',
    'timeout disabled',
  ])
  const shadow = configOf(`${PROFILE}${head}use: standard\nmode: shadow\nbulkhead: {mode: disabled}`)
  t.same(
    shadow.policies[0]?.blocks.map(({ block, mode }) => `${block} ${mode}`).toSorted(),
    ['bulkhead disabled', 'retry shadow', 'timeout shadow'],
    'the one that does less wins',
  )
  t.notOk(Object.hasOwn(single.policies[0]?.blocks[1]?.config ?? {}, 'mode'), 'mode is none of the policy’s business')
})

t.test('a fallback is a list', async (t) => {
  const { policies } = configOf(
    'kind: Policy\nname: p\nmatch: {direction: outbound, service: "*"}\nfallback: [{when: [any, 503], use: static, status: 503}]',
  )
  t.match(policies[0]?.blocks[0]?.config, [{ when: ['any', '503'], use: 'static', status: 503, body: '' }])
})
