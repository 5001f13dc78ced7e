import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { ask, eventually, field, get, post, state } from '../support/ask.ts'
import { Authority, type Issued } from '../support/certificates.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { type Restless, restlessOrigin } from '../support/handshakes-anew.ts'
import { settings } from '../support/http2-raw.ts'
import { type LoggedShop, loggedShop } from '../support/logged-shop.ts'
import { type Proxy as Sidecar, type ProxyOptions, startProxy } from '../support/proxy.ts'
import { connect } from '../support/raw.ts'
import { listening, PemFolder, tlsOrigin } from '../support/tls.ts'

const authority = new Authority('shop root')
const intermediate = new Authority('shop issuer', authority)
const stranger = new Authority('stranger')

function chained(names: readonly string[]): Issued {
  const { cert, key } = intermediate.issue({ names })
  return { cert: cert + intermediate.cert, key }
}

const DAY = 86_400_000

const server = chained(['shop.test'])

/** `CA` in `service` is a file with the authority's certificate. `more`: further keys of the policy. */
function start(t: Test, port: number, service: string, more = '', options: ProxyOptions = {}): Promise<LoggedShop> {
  const ca = new PemFolder(t).write('ca.pem', authority.cert)
  const policy = `timeout: {request: 4s, connect: 2s}\nretry: {max: 0}\n${more}`
  return loggedShop(t, port, service.replaceAll('CA', ca), policy, options)
}

const TLS = 'tls: {ca: CA, serverName: shop.test}'

function shop(proxy: Sidecar, path = '/') {
  return ask(proxy.outbound, get(path, 'Host: shop'))
}

for (const [kind, protocol, version] of [
  ['http1', 'auto', '1.1'],
  ['http2', 'auto', '2.0'],
  ['either', 'auto', '2.0'],
  ['either', 'http1', '1.1'],
  ['http1', 'http1', '1.1'],
  ['either', 'http2', '2.0'],
  ['http2', 'http2', '2.0'],
] as const) {
  t.test(`protocol: ${protocol} to an upstream of ${kind} is HTTP/${version}`, async (t) => {
    const origin = await tlsOrigin(t, kind, server)
    const { proxy } = await start(t, origin.port, `${TLS}\nprotocol: ${protocol}`)
    const got = await shop(proxy, '/a?b=c')
    t.equal(got.status, 200)
    t.equal(got.body.toString(), `over ${version}`)
    const sent = await ask(proxy.outbound, post('/b', 'x'.repeat(100_000), 'Host: shop'))
    t.equal(field(sent, 'x-body'), '100000')
    t.equal(origin.reached.length, 1, 'one connection serves both')
    t.match(origin.reached[0], { serverName: 'shop.test', version: 'TLSv1.3', reused: false })
    if (version === '2.0') t.equal(origin.requests[0]?.headers[':scheme'], 'https')
    t.match((await state(proxy)).endpoints, [{ connections: 1, inflight: 0 }])
  })
}

t.test('protocol: auto goes over by the handshake, whatever the client speaks', async (t) => {
  const origin = await tlsOrigin(t, 'either', server)
  const { proxy } = await start(t, origin.port, TLS)
  const answers = await Promise.all(Array.from({ length: 20 }, () => shop(proxy)))
  t.same(new Set(answers.map(({ body }) => body.toString())), new Set(['over 2.0']))
  t.equal(origin.reached.length, 1, 'all of them waited for the one handshake')
})

t.test('protocol: auto to HTTP/1.1: who waited for the first handshake gets connections of their own', async (t) => {
  const origin = await tlsOrigin(t, 'http1', server)
  const { proxy } = await start(t, origin.port, `${TLS}\nconnections: {maxPerEndpoint: 5}`)
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => ask(proxy.outbound, post('/', 'abc', 'Host: shop'))),
  )
  t.same(new Set(answers.map(({ body }) => body.toString())), new Set(['over 1.1']))
  t.ok(origin.reached.length >= 2 && origin.reached.length <= 5, `${origin.reached.length} connections`)
  t.same(new Set(origin.reached.map(({ alpn }) => alpn)), new Set(['http/1.1']))
})

t.test('An upstream that changes its mind about HTTP/2 is followed', async (t) => {
  const first = await tlsOrigin(t, 'either', server)
  const { proxy } = await start(t, first.port, `${TLS}\nconnections: {idle: 1m}`)
  t.equal((await shop(proxy)).body.toString(), 'over 2.0')
  first.close()
  await eventually('no connection', async () => (await state(proxy)).endpoints[0]?.connections === 0)
  const then = tls.createServer({ ...server, ALPNProtocols: ['http/1.1'] }, (socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none'))
  })
  await listening(t, then, first.port)
  t.equal((await shop(proxy)).body.toString(), 'one')
  t.equal((await shop(proxy)).body.toString(), 'one')
})

t.test('An upgrade that HTTP/2 does not take goes over a connection of HTTP/1.1, offered as that', async (t) => {
  const offered: unknown[] = []
  const origin = tls.createServer({ ...server, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    offered.push(socket.alpnProtocol)
    if (socket.alpnProtocol === 'h2') {
      socket.write(settings())
      return
    }
    let begun = false
    socket.on('data', (chunk: Buffer) => {
      if (begun) socket.write(`echo ${chunk}`)
      else socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n')
      begun = true
    })
  })
  const { proxy } = await start(t, await listening(t, origin), TLS)
  for (let i = 0; i < 2; i++) {
    const client = await connect(proxy.outbound)
    client.send(get('/', 'Host: shop', 'Connection: Upgrade', 'Upgrade: chat'))
    await client.until('101 Switching')
    client.send('hello')
    await client.until('echo hello')
    client.destroy()
  }
  t.same(offered, ['h2', 'http/1.1', 'http/1.1'])
})

t.test('The last session of an endpoint is resumed', async (t) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const origin = await tlsOrigin(t, 'http1', { ...server, maxVersion })
    const { proxy } = await start(t, origin.port, TLS)
    for (let i = 0; i < 3; i++) {
      // The origin ends each connection, so that the next request needs another.
      const got = await ask(proxy.outbound, get('/', 'Host: shop', 'X: y'))
      t.equal(got.status, 200)
      await eventually('an idle one', async () => (await state(proxy)).endpoints[0]?.idle === 1)
      origin.endAll()
      await eventually('no connection', async () => (await state(proxy)).endpoints[0]?.connections === 0)
    }
    t.same(
      origin.reached.map(({ reused, version }) => [version, reused]),
      [
        [maxVersion, false],
        [maxVersion, true],
        [maxVersion, true],
      ],
    )
  }
})

/** Stands still, but for what the calendar says. */
class Calendar extends FakeClock {
  ahead = 0

  override wallTime(): number {
    return Date.now() + this.ahead
  }
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`No session is resumed whose certificate has expired (${maxVersion})`, async (t) => {
    const origin = await tlsOrigin(t, 'http1', { ...server, maxVersion })
    const clock = new Calendar()
    const { proxy } = await start(t, origin.port, TLS, '', { clock })
    for (const ahead of [0, 0, 2 * DAY]) {
      clock.ahead = ahead
      t.equal((await shop(proxy)).status, 200)
      await eventually('an idle one', async () => (await state(proxy)).endpoints[0]?.idle === 1)
      origin.endAll()
      await eventually('no connection', async () => (await state(proxy)).endpoints[0]?.connections === 0)
    }
    t.same(
      origin.reached.map(({ reused }) => reused),
      [false, true, false],
    )
  })
}

const REFUSED: Record<string, { origin: tls.TlsOptions; service: string; cause: RegExp }> = {
  'a CA that nobody knows': {
    origin: stranger.issue({ names: ['shop.test'] }),
    service: TLS,
    cause: /issued by a CA that is not trusted here/,
  },
  'another name': { origin: chained(['other.test']), service: TLS, cause: /for another name.*other\.test/ },
  'the address that the file has, where no name is given': {
    origin: server,
    service: 'tls: {ca: CA}',
    cause: /for another name/,
  },
  'a certificate that has expired': {
    origin: authority.issue({ names: ['shop.test'], notAfter: new Date(Date.now() - 1000) }),
    service: TLS,
    cause: /has expired/,
  },
  'a certificate whose time has not come': {
    origin: authority.issue({ names: ['shop.test'], notBefore: new Date(Date.now() + 3_600_000) }),
    service: TLS,
    cause: /has not come/,
  },
  'a root of the system that did not sign it': {
    origin: server,
    service: 'tls: {serverName: shop.test}',
    cause: /issued by a CA that is not trusted here/,
  },
  'TLS 1.1 at most': {
    origin: { ...server, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    service: TLS,
    cause: /neither TLS 1\.2 nor 1\.3/,
  },
  'a client certificate that we have not': {
    origin: { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
    service: TLS,
    cause: /certificate.required|wants a client certificate/i,
  },
  'the same in TLS 1.2': {
    origin: { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' },
    service: TLS,
    cause: /may want a client certificate/,
  },
}

for (const [what, { origin: options, service, cause }] of Object.entries(REFUSED)) {
  for (const kind of ['http1', 'http2'] as const) {
    t.test(`tls_failure, unsent: ${what} (${kind})`, async (t) => {
      const origin = await tlsOrigin(t, kind, options)
      const { proxy, log } = await start(t, origin.port, service)
      const got = await ask(proxy.outbound, post('/', 'x', 'Host: shop'))
      t.equal(got.status, 502)
      t.equal(field(got, 'proxy-status'), 'outrigger; error=tls_protocol_error; details="tls_failure"')
      t.notMatch(got.body.toString() + got.fields.join(), '127.0.0.1')
      t.match(await log(), cause)
      t.same(origin.requests, [])
    })
  }
}

t.test('A POST is retried elsewhere when a handshake fails', async (t) => {
  const bad = await tlsOrigin(t, 'http1', stranger.issue({ names: ['shop.test'] }))
  const good = await tlsOrigin(t, 'http2', server)
  const pem = new PemFolder(t)
  const ca = pem.write('ca.pem', authority.cert)
  const two = await startProxy(
    `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\nkind: Service\nname: shop\n` +
      `endpoints: ["127.0.0.1:${bad.port}", "127.0.0.1:${good.port}"]\ntls: {ca: ${ca}, serverName: shop.test}\n` +
      `---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: shop}\nretry: {max: 1, when: [tls_failure], backoff: {base: 1ms}}\n`,
  )
  t.teardown(() => two.stop())
  for (let i = 0; i < 4; i++) {
    t.equal((await ask(two.outbound, post('/', 'x', 'Host: shop'))).body.toString(), 'over 2.0')
  }
  t.same([bad.requests.length, good.requests.length], [0, 4])
})

t.test('Our certificate is shown to an upstream that wants one', async (t) => {
  for (const kind of ['http1', 'http2'] as const) {
    const options = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true }
    const origin = await tlsOrigin(t, kind, options)
    const pair = new PemFolder(t).pair('client', chained(['sidecar.test']))
    const { proxy } = await start(t, origin.port, `tls: {ca: CA, serverName: shop.test, ${pair}}`)
    t.equal((await shop(proxy)).status, 200)
    t.equal(origin.reached[0]?.client, 'CN=sidecar.test')
  }
})

t.test('protocol: http2 to an upstream that does not choose h2 is tls_failure', async (t) => {
  const { proxy, log } = await start(t, await listening(t, tls.createServer(server)), `${TLS}\nprotocol: http2`)
  t.equal(field(await shop(proxy), 'x-outrigger-reason'), 'tls_failure')
  t.match(await log(), /did not choose h2/)
  const other = await tlsOrigin(t, 'http1', server)
  const second = await start(t, other.port, `${TLS}\nprotocol: http2`)
  t.equal(field(await shop(second.proxy), 'x-outrigger-reason'), 'tls_failure')
  t.match(await second.log(), /none of the protocols offered/)
})

t.test('An upstream that speaks plain text is tls_failure', async (t) => {
  const plain = net.createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const { proxy, log } = await start(t, await listening(t, plain), TLS)
  t.equal(field(await shop(proxy), 'x-outrigger-reason'), 'tls_failure')
  t.match(await log(), /something that is no TLS/)
})

t.test(
  'An upstream that ends in the middle of the handshake is tls_failure; one that is down is connect_failure',
  async (t) => {
    const rude = net.createServer((socket) => void socket.once('data', () => socket.destroy()))
    const { proxy } = await start(t, await listening(t, rude), TLS)
    t.equal(field(await shop(proxy), 'x-outrigger-reason'), 'tls_failure')
    rude.close()
    t.equal(field(await shop(proxy), 'x-outrigger-reason'), 'connect_failure')
  },
)

t.test('The handshake counts into timeout.connect', async (t) => {
  const { proxy, log } = await start(t, await listening(t, net.createServer()), TLS)
  const got = await shop(proxy)
  t.equal(got.status, 504)
  t.equal(field(got, 'x-outrigger-reason'), 'connect_timeout')
  t.match(await log(), /no TLS handshake after 2000 ms/)
})

/** Bytes of a record with an alert in it. */
const ALERT = 31

for (const alpn of ['h2', 'http/1.1'])
  t.test(`An upstream of ${alpn} that asks for one handshake after another is let go`, async (t) => {
    const clock = new FakeClock()
    const origin = await restlessOrigin(t, server, alpn)
    const { proxy, log } = await start(t, origin.port, TLS, '', { clock })
    const got = shop(proxy)
    await eventually('a connection', () => origin.connections.length === 1)
    const { wire, requests } = origin.connections[0] as Restless
    const refused = async (count: number) => {
      const before = wire.bytesRead
      wire.resume().write(requests(count))
      await eventually('all refusals', () => wire.bytesRead - before >= count * ALERT)
      clock.advance(1000)
    }
    await refused(1000)
    t.equal((await state(proxy)).endpoints[0]?.connections, 1)
    await refused(2500)
    t.equal((await got).status, 502)
    t.equal(field(await got, 'x-outrigger-reason'), 'upstream_reset')
    t.equal((await state(proxy)).endpoints[0]?.connections, 0)
    t.match(await log(), /went on with handshakes or key updates/)
  })
