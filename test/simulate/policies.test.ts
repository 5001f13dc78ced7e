import t from 'tap'
import { INVENTORY, only, outbound, run, to } from './run.ts'

const STREAM = 'duration: 10s\nrequests: [{name: s, url: http://inventory/x, rate: 100/s}]\n'
const inventory = (how: string): string => `services: [{name: inventory, ${how}}]\n`

t.test('Without a policy clients see what the upstream does', async (t) => {
  const failures = 'failures: [{from: 5s, until: 6s, status: 503}]'
  const result = await run(INVENTORY, STREAM + inventory(`latency: 5ms, ${failures}`))
  t.match(only(result), { sent: 1000, okPercent: 90, p50: 5, p99: 5, max: 5, answers: { '200': 900, '503': 100 } })
  t.match(to(result, 'inventory'), { requests: 1000, calls: 1000, attemptsPerRequest: 1, outcomes: { '503': 100 } })
  t.same(result.notes, [])
})

t.test('A share of failures is retried, within the budget, by the real retry', async (t) => {
  const model = STREAM + inventory('failures: [{from: 0s, until: 10s, status: 503, share: 10%}]')
  const without = await run(INVENTORY, model)
  const retry =
    'retry: {max: 2, backoff: {base: 10ms, max: 10ms, jitter: none}, budget: {percent: 20%, minPerSecond: 10}}\n'
  const result = await run(outbound(retry), model)
  t.ok((only(without).okPercent ?? 0) < 92)
  t.ok((only(result).okPercent ?? 0) > 99)
  const { attempts, calls } = to(result, 'inventory')
  t.equal(attempts['first'], 1000)
  t.equal(calls, 1000 + (attempts['retry'] ?? 0))
  // The first attempts have the same luck in both runs.
  const firstFailed = 1000 - only(without).ok
  t.ok((attempts['retry'] ?? 0) >= firstFailed, `${attempts['retry']} retries of ${firstFailed} failures`)
  t.ok((only(result).p99 ?? 0) >= 11, 'a retry takes its backoff')
})

t.test('A budget ends the retries of an outage, and says so', async (t) => {
  const retry = 'retry: {max: 3, budget: {percent: 10%, minPerSecond: 0}, backoff: {base: 1ms, max: 1ms}}\n'
  const result = await run(outbound(retry), STREAM + inventory('status: 503'))
  const { attempts, retriesSkipped, calls } = to(result, 'inventory')
  t.ok(calls <= 1101, `${calls} calls for 1000 requests`)
  t.ok((attempts['retry'] ?? 0) > 90)
  t.ok((retriesSkipped['budget'] ?? 0) > 800)
})

t.test('A refused connection, a reset, and a silent upstream under a timeout', async (t) => {
  const fail = (how: string): string => STREAM + inventory(`failures: [{from: 0s, until: 10s, fail: ${how}}]`)
  const timeout = outbound('timeout: {request: 500ms, connect: 200ms}\n')
  t.match(only(await run(timeout, fail('refuse'))), { okPercent: 0, answers: { '502 connect_failure': 1000 } })
  t.match(only(await run(timeout, fail('reset'))), { answers: { '502 upstream_reset': 1000 }, max: 1 })
  const silent = only(await run(timeout, fail('silent')))
  t.match(silent, { answers: { '504 request_timeout': 1000 } })
  t.ok((silent.p50 ?? 0) >= 500 && (silent.max ?? 0) <= 508, `${silent.p50} to ${silent.max}`)
  const blackhole = only(await run(timeout, fail('blackhole')))
  t.match(blackhole, { answers: { '504 connect_timeout': 1000 } })
  t.ok((blackhole.p50 ?? 0) >= 200 && (blackhole.max ?? 0) <= 208)
})

t.test('The time line tells what was refused, and not what failed', async (t) => {
  const refused = async (blocks: string, how: string) => {
    const result = await run(outbound(blocks), STREAM + inventory(how))
    return result.timeline.reduce((sum, row) => sum + row.refused, 0)
  }
  const fail = (how: string): string => `failures: [{from: 0s, until: 10s, fail: ${how}}]`
  t.equal(await refused('timeout: {request: 100ms}\n', fail('silent')), 0)
  t.equal(await refused('timeout: {request: 100ms}\n', fail('reset')), 0)
  t.equal(await refused('rateLimit: {rate: 10/s, burst: 10}\n', 'latency: 1ms'), 891)
  t.equal(await refused('bulkhead: {maxConcurrent: 1}\n', 'latency: 10s'), 999)
})

t.test('Who waits for ever is reported, and does not keep the simulation', async (t) => {
  const model = STREAM + inventory('failures: [{from: 9.9s, until: 10s, fail: silent}]')
  const idle = only(await run(INVENTORY, model))
  t.match(idle, { answers: { '504 stream_idle_timeout': 10 } }, 'the default idle timeout, as on sockets')
  const result = await run(outbound('timeout: {idle: 24h}\n'), model)
  t.equal(result.unanswered, 10)
  t.match(only(result), { sent: 1000, ok: 990, okPercent: 99, answers: { '200': 990, 'no answer': 10 } })
  t.ok((only(result).max ?? 0) >= 600_000, 'a latency that is at least so long')
  t.match(result.notes, [/10 requests had no answer/])
})

t.test('A bulkhead queues and refuses, and its peaks are told', async (t) => {
  const bulkhead = 'bulkhead: {maxConcurrent: 5, maxQueue: 10, maxQueueWait: 5s}\n'
  const result = await run(outbound(bulkhead), STREAM + inventory('latency: 100ms'))
  t.match(result.phases[0]?.bulkheads, [{ service: 'inventory', limit: 5, peakInFlight: 5, peakQueued: 10 }])
  const { bulkheadRejected, refused, calls, longestBulkheadWait } = to(result, 'inventory')
  t.equal(bulkheadRejected['bulkhead_full'], refused['bulkhead_full'])
  // 50/s fit through five slots of 100 ms, and fifteen more wait or are at work at the end.
  t.ok(calls >= 495 && calls <= 515, `${calls} calls`)
  t.ok(longestBulkheadWait >= 150 && longestBulkheadWait <= 250, `${longestBulkheadWait} ms`)
})

t.test('A pool of connections is a limit too, as it is for sockets', async (t) => {
  const service = `${INVENTORY}connections: {maxPerEndpoint: 5}\n`
  const policy =
    '---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: inventory}\ntimeout: {connect: 100ms}\n'
  const result = await run(service + policy, STREAM + inventory('latency: 1s'))
  const { answers } = only(result)
  t.ok((answers['503 pool_exhausted'] ?? 0) > 900, JSON.stringify(answers))
})

t.test('An application with slots: a slow dependency takes them all', async (t) => {
  const model =
    'duration: 20s\nrequests:\n- {name: s, url: /a, method: POST, rate: 20/s, patience: 2s}\n' +
    'application: {slots: 10, queue: 5, latency: 1ms, calls: [{methods: [POST], url: http://inventory/x}]}\n' +
    inventory('latency: 10s')
  const result = await run(INVENTORY, model)
  t.match(result.phases[0]?.application, { peakBusy: 10, peakWaiting: 5 })
  const { answers } = only(result)
  t.ok((answers['gave up'] ?? 0) > 0)
  t.ok((answers['502 connect_failure'] ?? 0) > 200, JSON.stringify(answers))
  t.ok(to(result, 'inventory').calls <= 30, 'no more are asked than slots become free')
})

t.test('Who left while it waited for a slot takes none, and no slot is lost to it', async (t) => {
  const model =
    'duration: 20s\nphases: [{name: silent, until: 5s}, {name: well, until: 20s}]\nrequests:\n' +
    '- {name: hasty, url: http://inventory/x, rate: 20/s, patience: 100ms}\n' +
    '- {name: patient, url: http://inventory/x, rate: 5/s, patience: 2s}\n'
  const silent = inventory('slots: 2, failures: [{from: 0s, until: 5s, fail: silent}]')
  const [hasty, patient] = (await run(INVENTORY, model + silent)).phases[1]?.streams ?? []
  t.ok((hasty?.okPercent ?? 0) > 85 && (patient?.okPercent ?? 0) > 85, `${hasty?.okPercent}, ${patient?.okPercent}`)
})

t.test('Whom a full queue refuses is refused at once, however long the others take', async (t) => {
  const result = await run(INVENTORY, STREAM + inventory('slots: 1, queue: 0, latency: 2s'))
  t.match(only(result), { p50: 0, answers: { '502 connect_failure': 995, '200': 5 } })
})

t.test('An application that notices who has left asks nobody for it any more', async (t) => {
  const model = (latency: string, notices: boolean): string =>
    'duration: 5s\nrequests: [{name: s, url: /a, rate: 10/s, patience: 100ms}]\n' +
    `application: {latency: ${latency}, noticesLeaving: ${notices}, calls: [{url: http://inventory/x}, {url: http://inventory/y}]}\n` +
    inventory('latency: 200ms')
  const asked = async (latency: string, notices: boolean) =>
    to(await run(INVENTORY, model(latency, notices)), 'inventory')
  t.equal((await asked('150ms', true))?.calls ?? 0, 0, 'it had left before')
  t.match(await asked('50ms', true), { calls: 50, outcomes: { client_cancelled: 50 } }, 'or while the first was asked')
  t.ok((await asked('150ms', false)).calls > 90, 'a servlet does not notice')
})

t.test('A gRPC call of the application that fails is a failure, though its HTTP status is 200', async (t) => {
  const model = (grpc: number): string =>
    'duration: 2s\nrequests: [{name: s, url: /a, rate: 10/s}]\n' +
    'application: {calls: [{url: http://inventory/shop.Inventory/Get, grpc: true}]}\n' +
    inventory(`failures: [{from: 1s, until: 2s, grpc: ${grpc}}]`)
  for (const [grpc, status] of [
    [14, 503],
    [4, 504],
    [13, 502],
  ] as const) {
    t.match(only(await run(INVENTORY, model(grpc))), { answers: { '200': 10, [status]: 10 } })
  }
})

t.test("The application's own client tries again, and its patience is its own", async (t) => {
  const model =
    'duration: 10s\nrequests: [{name: s, url: /a, rate: 1/s}]\n' +
    'application: {calls: [{url: http://inventory/x, client: {timeout: 100ms, attempts: 3, backoff: {base: 10ms}}}]}\n' +
    inventory('latency: 5s')
  const result = await run(INVENTORY, model)
  t.match(only(result), { answers: { '504': 10 } })
  t.match(to(result, 'inventory'), { calls: 30, refused: { client_cancelled: 30 } })
  const took = only(result).p50 ?? 0
  t.ok(took > 330 && took < 350, `${took}`)
})

t.test('Inbound policies, sources and deadlines are the real ones', async (t) => {
  const policies =
    'kind: Sidecar\nname: orders\ntrust: {peers: [10.0.0.0/8], sources: {shop: {cidr: [10.1.0.0/16]}}}\n---\n' +
    'kind: Policy\nname: in\nmatch: {direction: inbound}\nbulkhead: {maxConcurrent: 20, per: source}\n'
  const request = (name: string, peer: string, more = ''): string =>
    `- {name: ${name}, url: /a, rate: 10/s, peer: ${peer}${more}}\n`
  const model =
    `duration: 10s\nrequests:\n${request('shop', '10.1.0.1')}${request('other', '10.2.0.1', ', deadline: 50ms')}` +
    `${request('stranger', '192.0.2.1', ', deadline: 50ms')}application: {latency: 150ms}\n`
  const [shop, other, stranger] = (await run(policies, model)).phases[0]?.streams ?? []
  t.match(shop, { okPercent: 100, p50: 150 })
  t.match(other, { okPercent: 0, answers: { '504 request_timeout': 100 } }, 'a trusted peer may say its deadline')
  t.match(stranger, { okPercent: 100 }, 'a stranger may not')
})

t.test('An application behind redirected connections is one like any other', async (t) => {
  const policies = 'kind: Sidecar\nname: orders\ninbound: [{app: original}]\noutbound: {transparent: true}\n'
  const model = 'duration: 2s\nrequests: [{name: s, url: /a, rate: 10/s}]\napplication: {latency: 20ms}\n'
  t.match(only(await run(policies, model)), { okPercent: 100, p50: 20 })
})

t.test('Hosts that nobody names are refused, or passed through', async (t) => {
  const model = 'duration: 2s\nrequests: [{name: s, url: http://unknown/x, rate: 10/s}]\n'
  t.match(only(await run(INVENTORY, model)), { answers: { '404 route_not_found': 20 } })
  const open = 'kind: Sidecar\nname: o\noutbound: {listen: 127.0.0.1:19001, unknownHosts: passthrough}\n'
  t.match(only(await run(open, model)), { answers: { '200': 20 } })
})

t.test('gRPC calls fail by their status', async (t) => {
  const model =
    'duration: 10s\nrequests: [{name: s, url: http://inventory/shop.Inventory/Get, rate: 10/s, grpc: true}]\n' +
    inventory('failures: [{from: 5s, until: 10s, grpc: 14}]')
  t.match(only(await run(INVENTORY, model)), { okPercent: 50, answers: { '200': 50, '200 grpc 14': 50 } })
  const retry = 'retry: {max: 1, when: [grpc:UNAVAILABLE], methods: any, unsafe: true, budget: {percent: 100%}}\n'
  t.match(to(await run(outbound(retry), model), 'inventory'), { attempts: { first: 100, retry: 50 } })
})

t.test('A gRPC server that is answered for in HTTP alone, as by a balancer, is UNAVAILABLE', async (t) => {
  const model =
    'duration: 10s\nrequests: [{name: s, url: http://inventory/shop.Inventory/Get, rate: 10/s, grpc: true}]\n' +
    inventory('status: 503')
  const retry = 'retry: {max: 1, when: [grpc:UNAVAILABLE], budget: {percent: 100%}}\n'
  const result = await run(outbound(retry), model)
  t.match(only(result), { okPercent: 0, answers: { '503 grpc 14': 100 } })
  t.match(to(result, 'inventory'), { attempts: { first: 100, retry: 100 } })
  const slow = inventory('status: 404, failures: [{from: 0s, until: 10s, latency: 5ms}]')
  const unknown = await run(INVENTORY, model.replace(/services:.*\n/, slow))
  t.match(only(unknown), { okPercent: 0, answers: { '404 grpc 12': 100 } }, 'slowness changes no status')
})

t.test('The call that the application makes when it is asked again has luck of its own', async (t) => {
  const model = (client: string): string =>
    `duration: 100s\nrequests: [{name: s, url: /a, rate: 10/s${client}}]\n` +
    'application: {calls: [{url: http://inventory/x}]}\n' +
    inventory('failures: [{from: 0s, until: 100s, share: 50%, status: 503}]')
  const retry =
    'kind: Policy\nname: in\nmatch: {direction: inbound}\n' +
    'retry: {max: 2, when: [503], budget: {percent: 100%, minPerSecond: 100}, backoff: {base: 1ms, max: 1ms}}\n'
  const once = only(await run(INVENTORY, model('')))
  const retried = only(await run(`${INVENTORY}---\n${retry}`, model('')))
  t.ok((once.okPercent ?? 0) > 45 && (once.okPercent ?? 0) < 55, `${once.okPercent}`)
  // One of eight meets three failures in a row.
  t.ok((retried.okPercent ?? 0) > 84 && (retried.okPercent ?? 0) < 91, `${retried.okPercent}`)
  const slow = model(', client: {timeout: 100ms, attempts: 2}').replace('status: 503', 'latency: 200ms')
  const asked = only(await run(INVENTORY, slow))
  t.ok((asked.okPercent ?? 0) > 70 && (asked.okPercent ?? 0) < 80, `${asked.okPercent} of who asked twice`)
})

t.test('A Service of Kubernetes is one endpoint, as one by DNS', async (t) => {
  const model = STREAM + inventory('latency: 5ms')
  const places = ['kubernetes: {service: inventory, namespace: shop, port: http}', 'dns: {name: inventory, port: 8080}']
  for (const where of places) {
    const result = await run(`kind: Service\nname: inventory\n${where}\n`, model)
    t.match(only(result), { okPercent: 100, p50: 5 }, where)
  }
})

t.test('Blocks in shadow mode are told as such, and refuse nobody', async (t) => {
  const breaker = 'breaker: {mode: shadow, scope: service, window: {type: count, size: 20, minimumCalls: 10}}\n'
  const shadow = await run(
    outbound(`${breaker}bulkhead: {mode: shadow, maxConcurrent: 1}\n`),
    STREAM + inventory('status: 503'),
  )
  t.match(only(shadow), { answers: { '503': 1000 } })
  t.match(shadow.breakers[0], { from: 'closed', to: 'open', shadow: true })
  t.match(shadow.timeline[3]?.breakers, [/^inventory .* \(shadow\)$/])
  t.match(shadow.phases[0]?.bulkheads, [{ shadow: true, limit: 1 }])
  const decisions = to(shadow, 'inventory').decisions
  t.ok(
    Object.keys(decisions).some((decision) => /^breaker:.* \(shadow\)$/.test(decision)),
    JSON.stringify(decisions),
  )
})

t.test('A store in another process is not asked: keys are kept in memory', async (t) => {
  const policies =
    'kind: Policy\nname: in\nmatch: {direction: inbound}\n' +
    'idempotency: {store: {redis: {url: "redis://127.0.0.1:1"}}, onStoreError: refuse}\n'
  const model =
    'duration: 10s\nrequests: [{name: s, url: /a, method: POST, rate: 10/s, headers: {Idempotency-Key: "k-{1..50}"}}]\n'
  const result = await run(policies, model)
  t.match(only(result), { okPercent: 100 })
  t.equal(result.phases[0]?.destinations[0]?.calls, 50, 'each key once')
})

t.test('The field Host is the host that the application is asked for', async (t) => {
  const policies =
    'kind: Policy\nname: in\nmatch: {direction: inbound, routes: [{headers: {host: h-1.test}}]}\n' +
    'rateLimit: {rate: 1/h, burst: 20}\n'
  const model = 'duration: 10s\nrequests: [{name: s, url: /a, rate: 10/s, headers: {Host: "h-{1..2}.test"}}]\n'
  const { answers } = only(await run(policies, model))
  t.strictSame(Object.keys(answers), ['200', '429 rate_limited'])
  t.ok((answers['200'] ?? 0) > 50, 'the other host has no limit')
})
