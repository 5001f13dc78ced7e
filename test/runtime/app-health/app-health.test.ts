import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { SystemClock } from '../../../src/core/clock.ts'
import { AppHealth } from '../../../src/runtime/app-health/app-health.ts'
import { Authority } from '../../support/certificates.ts'
import type { Log } from '../../../src/telemetry/index.ts'

const nothing = () => {}
const silent: Log = { error: nothing, warn: nothing, info: nothing, debug: nothing }

async function listen(t: Test, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

function health(probes: unknown): AppHealth {
  const environment = {
    POD_IPS: '127.0.0.1,::1',
    APP_PROBES: typeof probes === 'string' ? probes : JSON.stringify(probes),
  }
  return new AppHealth(environment, new SystemClock(), silent)
}

const http = (port: number, path = '/', more = {}) => ({
  http: { port, path, scheme: 'http', headers: [], ...more },
  timeout: 1000,
})

t.test('An HTTP probe passes from 200 to 399, with the headers it states', async (t) => {
  const seen: IncomingMessage[] = []
  const port = await listen(
    t,
    createServer((request, response) => {
      seen.push(request)
      response.writeHead(Number(request.url?.slice(1)), { location: 'http://elsewhere/' }).end()
    }),
  )
  const probes = health({
    'app/livez': http(port, '/204', {
      headers: [
        ['Host', 'shop'],
        ['x-probe', '1'],
      ],
    }),
    'app/readyz': http(port, '/302'),
    'app/startupz': http(port, '/404'),
  })
  t.same(await probes.of('app/livez'), { passed: true, why: 'status 204' })
  t.same(await probes.of('app/readyz'), { passed: true, why: 'status 302' })
  t.same(await probes.of('app/startupz'), { passed: false, why: 'status 404' })
  t.equal(await probes.of('other/livez'), undefined)
  t.match(seen[0]?.headers, { host: 'shop', 'x-probe': '1', 'user-agent': /^kube-probe/ })
})

t.test('An HTTP probe reads the answer to its end, or 10 KiB of it', async (t) => {
  const port = await listen(
    t,
    createServer((request, response) => {
      const { url = '' } = request
      response.writeHead(200, { 'content-length': url === '/long' ? 1_000_000_000 : 3 })
      if (url === '/whole') setImmediate(() => response.end('yes'))
      else if (url === '/broken') response.write('y', () => request.socket.destroy())
      else if (url === '/hanging') response.write('y')
      else response.write(Buffer.alloc(20_000))
    }),
  )
  const ask = (path: string, timeout = 1000) =>
    health({ 'app/livez': { ...http(port, path), timeout } }).of('app/livez')
  t.same(await ask('/long'), { passed: true, why: 'status 200' })
  t.same(await ask('/broken'), { passed: false, why: 'status 200, and then the answer broke off' })
  t.same(await ask('/hanging', 50), { passed: false, why: 'no answer within 50 ms' })
  t.same(await ask('/whole'), { passed: true, why: 'status 200' })
})

t.test(
  'What a probe states is said as the kubelet says it: a name twice, no Accept, a path that has to be escaped',
  async (t) => {
    const seen: IncomingMessage[] = []
    const port = await listen(
      t,
      createServer((request, response) => {
        seen.push(request)
        response.end()
      }),
    )
    const headers = [
      ['X-Probe', '1'],
      ['x-probe', '2'],
      ['Accept', ''],
      ['User-Agent', 'me'],
    ]
    const probes = health({ 'app/livez': http(port, '/é a?q=b c#d', { headers }), 'app/readyz': http(port, '#') })
    t.match(await probes.of('app/livez'), { passed: true })
    t.match(await probes.of('app/readyz'), { passed: true })
    const [{ url, rawHeaders } = { url: '', rawHeaders: [] }, other] = seen
    t.equal(url, '/%C3%A9%20a?q=b%20c')
    t.equal(other?.url, '/')
    const expected = ['User-Agent', 'me', 'X-Probe', '1', 'X-Probe', '2', 'connection', 'close']
    t.same([...rawHeaders].sort(), [...expected, 'Host', `127.0.0.1:${port}`].sort())
  },
)

t.test('An HTTPS probe asks no certificate for its name', async (t) => {
  const { cert, key } = new Authority('unknown').issue({ names: ['elsewhere'] })
  const port = await listen(
    t,
    createTlsServer({ cert, key }, (_request, response) => void response.end()),
  )
  t.match(await health({ 'app/livez': http(port, '/', { scheme: 'https' }) }).of('app/livez'), { passed: true })
})

t.test('A TCP probe connects', async (t) => {
  const server = createTcpServer((socket) => socket.end())
  const port = await listen(t, server)
  const probes = health({ 'app/livez': { tcp: { port }, timeout: 1000 } })
  t.same(await probes.of('app/livez'), { passed: true, why: 'connected' })
  await new Promise((resolve) => server.close(resolve))
  t.match(await probes.of('app/livez'), { passed: false, why: /ECONNREFUSED/ })
})

t.test('An application that says nothing fails its probe when its time is over', async (t) => {
  const port = await listen(t, createTcpServer())
  const probes = health({
    'app/livez': { ...http(port), timeout: 20 },
    'app/readyz': { grpc: { port, service: '' }, timeout: 20 },
  })
  t.same(await probes.of('app/livez'), { passed: false, why: 'no answer within 20 ms' })
  t.match(await probes.of('app/readyz'), { passed: false })
})

t.test('APP_PROBES that cannot be read asks nothing', async (t) => {
  t.equal(await health('{').of('app/livez'), undefined)
  t.equal(await health({ 'app/livez': {} }).of('app/livez'), undefined)
})
