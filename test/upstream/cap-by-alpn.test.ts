/** Requests that wait in the pool for HTTP/2, and an upstream whose first handshake says HTTP/1.1. */
import t from 'tap'
import { ask, get } from '../support/ask.ts'
import { Authority } from '../support/certificates.ts'
import { startProxy } from '../support/proxy.ts'
import { PemFolder, tlsOrigin } from '../support/tls.ts'

const authority = new Authority('root')

t.test('There are never more connections than maxPerEndpoint', async (t) => {
  const origin = await tlsOrigin(t, 'http1', authority.issue({ names: ['shop.test'] }))
  const ca = new PemFolder(t).write('ca.pem', authority.cert)
  const proxy = await startProxy(
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n' +
      `kind: Service\nname: shop\nendpoints: ["127.0.0.1:${origin.port}"]\ntls: {ca: ${ca}, serverName: shop.test}\n` +
      'connections: {maxPerEndpoint: 1, http2Streams: 1}\n',
  )
  t.teardown(() => proxy.stop())
  const answers = await Promise.all([1, 2].map(() => ask(proxy.outbound, get('/', 'Host: shop'))))
  t.same(
    answers.map(({ status }) => status),
    [200, 200],
  )
  t.equal(origin.reached.length, 1)
})
