/** Health checks from the public door: real servers, a clock that the test moves. */
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { ask, eventually, field, get, metric, state } from '../../support/ask.ts'
import { Authority } from '../../support/certificates.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { type Proxy as Sidecar, startProxy } from '../../support/proxy.ts'
import { Seeded } from '../../support/seeded.ts'
import { listening, PemFolder, tlsOrigin } from '../../support/tls.ts'

interface Origin {
  readonly port: number
  /** What it answers a check: a status, or nothing at all. */
  says: number | 'nothing'
  checks: number
  requests: number
}

/** `/healthz` answers as told; everything else is well. */
async function origin(t: Test): Promise<Origin> {
  const it: { -readonly [K in keyof Origin]: Origin[K] } = { port: 0, says: 200, checks: 0, requests: 0 }
  const server = http.createServer((request, response) => {
    if (request.url !== '/healthz') {
      it.requests++
      response.end('hi!')
      return
    }
    it.checks++
    if (it.says !== 'nothing') response.writeHead(it.says).end()
  })
  it.port = await listening(t, server)
  return it
}

const CHECK = 'healthCheck: {path: /healthz, interval: 5s, timeout: 10s, healthy: 2, unhealthy: 3}'

function yaml(origins: readonly { port: number }[], more = CHECK): string {
  const endpoints = origins.map(({ port }) => `"127.0.0.1:${port}"`).join(', ')
  return `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\nkind: Service\nname: shop\nloadBalancing: {algorithm: roundRobin}\nendpoints: [${endpoints}]\n${more}\n`
}

async function start(t: Test, text: string): Promise<{ proxy: Sidecar; clock: FakeClock }> {
  const clock = new FakeClock()
  const proxy = await startProxy(text, { clock, random: new Seeded(11) })
  t.teardown(() => proxy.stop())
  return { proxy, clock }
}

async function states(proxy: Sidecar): Promise<string> {
  return (await state(proxy)).endpoints.map((endpoint) => endpoint.state).join()
}

/** Moves the clock until it holds. Probes need real time on the wire meanwhile, and have a hundred of its steps. */
function passing(clock: FakeClock, what: string, holds: () => boolean | Promise<boolean>): Promise<unknown> {
  return eventually(
    what,
    async () => {
      clock.advance(100)
      return holds()
    },
    20_000,
  )
}

const SHOP = get('/', 'Host: shop')

t.test('3 endpoints, one of them hanging: checks take it out, and let it back in', async (t) => {
  const origins = [await origin(t), await origin(t), await origin(t)] as const
  const { proxy, clock } = await start(t, yaml(origins))
  t.equal(await states(proxy), 'ready,ready,ready', 'well until checks say otherwise')
  origins[1].says = 'nothing'
  await passing(clock, 'the verdict', async () => (await states(proxy)) === 'ready,unhealthy,ready')
  t.equal(origins[1].checks, 3)
  const before = origins[1].requests
  for (let i = 0; i < 12; i++) t.equal((await ask(proxy.outbound, SHOP)).status, 200)
  t.equal(origins[1].requests, before, 'it is picked no more')
  t.equal(await metric(proxy, 'outrigger_endpoints', 'state="unhealthy"'), 1)
  t.equal(await metric(proxy, 'outrigger_endpoints', 'state="ready"'), 2)
  origins[1].says = 204
  await passing(clock, 'the second thought', async () => (await states(proxy)) === 'ready,ready,ready')
  t.equal(await metric(proxy, 'outrigger_endpoints', 'state="unhealthy"'), 0)
  const address = `127.0.0.1:${origins[1].port}`
  t.strictSame(
    proxy.log.filter((line) => line.includes('endpoint is')),
    [
      `warn endpoint is unhealthy {"service":"shop","endpoint":"${address}","cause":"3 in a row failed, the last: no whole answer within 10000 ms"}`,
      `info endpoint is healthy again {"service":"shop","endpoint":"${address}","cause":"2 in a row passed, the last: status 204"}`,
    ],
  )
  // Two others are warm: it starts with a tenth of its share.
  for (let i = 0; i < 42; i++) await ask(proxy.outbound, SHOP)
  const cold = origins[1].requests - before
  t.ok(cold >= 1 && cold <= 6, `${cold} of 42 right away`)
  clock.advance(30_000)
  for (let i = 0; i < 30; i++) await ask(proxy.outbound, SHOP)
  t.equal(origins[1].requests - before - cold, 10, 'its whole share half a minute later')
})

t.test('Fewer failures in a row than `unhealthy` change nothing', async (t) => {
  const one = await origin(t)
  const { proxy, clock } = await start(t, yaml([one]))
  for (let round = 0; round < 3; round++) {
    one.says = 500
    const failed = one.checks + 2
    await passing(clock, 'two failures', () => one.checks >= failed)
    one.says = 200
    await passing(clock, 'a success', () => one.checks >= failed + 1)
    t.equal(await states(proxy), 'ready')
  }
})

t.test('A service whose endpoints are all unhealthy answers no_endpoints, and the log says why', async (t) => {
  const origins = [await origin(t), await origin(t)] as const
  for (const one of origins) one.says = 503
  const log = new PemFolder(t).write('access.log', '')
  const { proxy, clock } = await start(t, yaml(origins).replace('format: none', `output: ${log}`))
  await passing(clock, 'the verdicts', async () => (await states(proxy)) === 'unhealthy,unhealthy')
  const got = await ask(proxy.outbound, SHOP)
  t.equal(got.status, 503)
  t.equal(field(got, 'x-outrigger-reason'), 'no_endpoints')
  await passing(clock, 'the line', () => readFileSync(log, 'utf8').includes('\n'))
  t.match(
    readFileSync(log, 'utf8'),
    /"cause":"every endpoint of service shop \(2\) is unhealthy, say its health checks"/,
  )
  for (const one of origins) {
    t.equal(one.requests, 0, 'no panic: nobody is asked that is known to be ill')
    one.says = 200
  }
  await passing(clock, 'the second thoughts', async () => (await states(proxy)) === 'ready,ready')
  for (let i = 0; i < 4; i++) t.equal((await ask(proxy.outbound, SHOP)).status, 200)
  t.strictSame(
    origins.map(({ requests }) => requests),
    [2, 2],
    'nobody was warm, so nobody starts slowly',
  )
})

t.test('Checks are no traffic: nothing of them is in the metrics of the data path', async (t) => {
  const one = await origin(t)
  const { proxy, clock } = await start(t, yaml([one]))
  await passing(clock, 'checks', () => one.checks >= 3)
  t.equal(await metric(proxy, 'outrigger_attempts_total'), 0)
  t.equal(await metric(proxy, 'http_client_request_duration_seconds_count'), 0)
  t.equal(await metric(proxy, 'http_client_open_connections'), 0)
})

t.test('What is known of endpoints survives a reload that leaves their Service alone', async (t) => {
  const origins = [await origin(t), await origin(t)] as const
  origins[0].says = 404
  const text = yaml(origins)
  const { proxy, clock } = await start(t, text)
  await passing(clock, 'the verdict', async () => (await states(proxy)) === 'unhealthy,ready')
  const file = join(proxy.folder, 'policy.yaml')
  writeFileSync(
    file,
    `${text}---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: shop}\ntimeout: {request: 9s}\n`,
  )
  t.ok(proxy.reload())
  t.equal(await states(proxy), 'unhealthy,ready')
  const checks = origins[0].checks
  await passing(clock, 'a further check', () => origins[0].checks > checks)
  writeFileSync(file, yaml(origins, ''))
  t.ok(proxy.reload())
  t.equal(await states(proxy), 'ready,ready', 'without checks nobody knows')
  const after = origins.map((one) => one.checks)
  clock.advance(30_000)
  for (let i = 0; i < 10; i++) t.equal((await ask(proxy.outbound, SHOP)).status, 200)
  t.strictSame(
    origins.map((one) => one.checks),
    after,
    'and nobody asks',
  )
})

t.test('A sidecar that closes ends the check that is under way, and leaves no timer', async (t) => {
  const one = await origin(t)
  one.says = 'nothing'
  const clock = new FakeClock()
  const proxy = await startProxy(yaml([one]), { clock, random: new Seeded(1) })
  await passing(clock, 'a check', () => one.checks > 0)
  await proxy.stop()
  await eventually('the end of its timers', () => clock.pending === 0)
})

// ---------------------------------------------------------------- TLS and gRPC

const authority = new Authority('shop root')

t.test('Checks go over the TLS of the Service', async (t) => {
  const server = authority.issue({ names: ['shop.test'] })
  const good = await tlsOrigin(t, 'either', server)
  const other = await tlsOrigin(t, 'either', new Authority('stranger').issue({ names: ['shop.test'] }))
  const ca = new PemFolder(t).write('ca.pem', authority.cert)
  const { proxy, clock } = await start(t, yaml([good, other], `${CHECK}\ntls: {ca: ${ca}, serverName: shop.test}`))
  await passing(clock, 'the verdict', async () => (await states(proxy)) === 'ready,unhealthy')
  t.match(proxy.log.join('\n'), /endpoint is unhealthy .*(self-signed|unable to verify|unable to get)/)
  t.ok(good.requests.length >= 2)
  t.ok(good.requests.every(({ url, headers }) => url === '/healthz' && headers[':authority'] === 'shop'))
})

const PROTO = loadSync(fileURLToPath(new URL('health.proto', import.meta.url)), { enums: String })
const HEALTH = PROTO['grpc.health.v1.Health'] as unknown as grpc.ServiceDefinition

async function grpcServer(t: Test, status: () => string | undefined): Promise<{ port: number; asked: string[] }> {
  const server = new grpc.Server()
  const asked: string[] = []
  server.addService(HEALTH, {
    Check(call: grpc.ServerUnaryCall<{ service: string }, unknown>, done: grpc.sendUnaryData<unknown>) {
      asked.push(call.request.service)
      const says = status()
      if (says === undefined) done({ code: grpc.status.UNIMPLEMENTED })
      else done(null, { status: says })
    },
  })
  const credentials = grpc.ServerCredentials.createInsecure()
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, found) => (error === null ? resolve(found) : reject(error))),
  )
  t.teardown(() => server.forceShutdown())
  return { port, asked }
}

t.test('Checks by gRPC, both ways', async (t) => {
  let status: string | undefined = 'SERVING'
  const changing = await grpcServer(t, () => status)
  const steady = await grpcServer(t, () => 'SERVING')
  const more = 'protocol: http2\nhealthCheck: {grpc: {service: shop.Orders}, timeout: 10s, healthy: 1, unhealthy: 2}'
  const { proxy, clock } = await start(t, yaml([changing, steady], more))
  await passing(clock, 'checks', () => steady.asked.length >= 2)
  t.equal(await states(proxy), 'ready,ready')
  status = 'NOT_SERVING'
  await passing(clock, 'the verdict', async () => (await states(proxy)) === 'unhealthy,ready')
  status = 'SERVING'
  await passing(clock, 'the second thought', async () => (await states(proxy)) === 'ready,ready')
  t.ok(changing.asked.every((service) => service === 'shop.Orders'))
  t.match(proxy.log.join('\n'), /2 in a row failed, the last: the server says NOT_SERVING/)
})

t.test('A gRPC server without a health service passes, and the log says so once', async (t) => {
  const server = await grpcServer(t, () => undefined)
  const { proxy, clock } = await start(
    t,
    yaml([server], 'protocol: http2\nhealthCheck: {grpc: {}, timeout: 10s, unhealthy: 1}'),
  )
  await passing(clock, 'checks', () => server.asked.length >= 3)
  t.equal(await states(proxy), 'ready')
  t.equal(proxy.log.filter((line) => line.startsWith('warn health check cannot be answered')).length, 1)
})
