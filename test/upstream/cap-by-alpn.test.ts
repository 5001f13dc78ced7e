/** maxPerEndpoint where ALPN says another version of HTTP than the last time. */
import net from 'node:net'
import t, { type Test } from 'tap'
import { ask, eventually, get, state } from '../support/ask.ts'
import { Authority } from '../support/certificates.ts'
import { Gate } from '../support/gate.ts'
import { type Proxy as Sidecar, startProxy } from '../support/proxy.ts'
import { listening, type OriginKind, PemFolder, tlsOrigin } from '../support/tls.ts'

const authority = new Authority('root')
const server = authority.issue({ names: ['shop.test'] })

async function shop(t: Test, port: number, connections: string): Promise<Sidecar> {
  const ca = new PemFolder(t).write('ca.pem', authority.cert)
  const proxy = await startProxy(
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n' +
      `kind: Service\nname: shop\nendpoints: ["127.0.0.1:${port}"]\ntls: {ca: ${ca}, serverName: shop.test}\n` +
      `connections: ${connections}\n`,
  )
  t.teardown(() => proxy.stop())
  return proxy
}

async function askAll(proxy: Sidecar, count: number): Promise<number[]> {
  const asked = Array.from({ length: count }, () => ask(proxy.outbound, get('/', 'Host: shop')))
  return (await Promise.all(asked)).map(({ status }) => status)
}

t.test('There are never more connections than maxPerEndpoint', async (t) => {
  const origin = await tlsOrigin(t, 'http1', server)
  const proxy = await shop(t, origin.port, '{maxPerEndpoint: 1, http2Streams: 1}')
  t.strictSame(await askAll(proxy, 2), [200, 200])
  t.equal(origin.reached.length, 1)
})

/**
 * The origin is of one kind at first; then all connections end, six requests come, and once they wait for as many handshakes
 * as there may be, or in the line behind these, one of the other kind stands in its place.
 */
async function turned(t: Test, before: OriginKind, after: OriginKind, connections: string) {
  const origins = [await tlsOrigin(t, before, server), await tlsOrigin(t, after, server)] as const
  const gate = new Gate(origins[0].port)
  gate.open()
  const port = await listening(
    t,
    net.createServer((socket) => gate.take(socket)),
  )
  const proxy = await shop(t, port, connections)
  t.strictSame(await askAll(proxy, 1), [200])
  const endpoint = async () => (await state(proxy)).endpoints[0]
  gate.shut()
  gate.behind = origins[1].port
  await eventually('no connection', async () => (await endpoint())?.connections === 0)
  const answers = askAll(proxy, 6)
  await eventually('all who wait', async () => (await endpoint())?.inflight === 6)
  gate.open()
  t.strictSame(await answers, [200, 200, 200, 200, 200, 200])
  t.match(await endpoint(), { inflight: 0, connections: 3, idle: 3 })
}

t.test('Who waits for HTTP/1.1 goes over HTTP/2, once that is what ALPN says', (t) =>
  turned(t, 'http1', 'http2', '{maxPerEndpoint: 3}'),
)

t.test('Handshakes that lead to HTTP/1.1 after all make no more connections of it than there may be', (t) =>
  turned(t, 'http2', 'http1', '{maxPerEndpoint: 3, http2Streams: 1}'),
)
