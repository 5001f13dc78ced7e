import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { eventually, get, metric, state } from '../support/ask.ts'
import { Authority, type Issued } from '../support/certificates.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { type Renegotiator, renegotiator } from '../support/handshakes-anew.ts'
import { type Proxy as Sidecar, startProxy } from '../support/proxy.ts'
import { connect, RawSocket, turn } from '../support/raw.ts'
import { startRawOrigin } from '../support/raw-origin.ts'
import { PemFolder, tlsConnect } from '../support/tls.ts'

const authority = new Authority('shop root')
const clients = new Authority('client root')
const stranger = new Authority('stranger')
const server = authority.issue({ names: ['app.test'] })

interface Application {
  readonly port: number
  readonly heard: { readonly url: string; readonly proto: string; readonly version: string }[]
}

/** Gives back what it is sent, or as many bytes as the path says. */
async function application(t: Test): Promise<Application> {
  const heard: Application['heard'] = []
  const app = http.createServer((request, response) => {
    const { url = '', headers, httpVersion } = request
    heard.push({ url, proto: String(headers['x-forwarded-proto']), version: httpVersion })
    if (request.method === 'POST') request.pipe(response)
    else response.end('x'.repeat(Number(url.slice(1)) || 2))
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    app.closeAllConnections()
    app.close()
  })
  return { port: (app.address() as net.AddressInfo).port, heard }
}

async function start(t: Test, app: number, more = '', clock?: FakeClock): Promise<Sidecar> {
  const pem = new PemFolder(t)
  const extra = more.replace('CLIENTS', pem.write('clients.pem', clients.cert))
  const yaml =
    'kind: Sidecar\nname: test\naccessLog: {format: none}\nlimits: {headTimeout: 3s}\ndrain: {wait: 20ms}\n' +
    `inbound: [{app: "127.0.0.1:${app}", protocol: http1, tls: {${pem.pair('server', server)}${extra}}}]\n`
  const proxy = await startProxy(yaml, clock === undefined ? { app } : { app, clock })
  t.teardown(() => proxy.stop())
  return proxy
}

const TRUSTING = { ca: authority.cert }
/** Bytes of a record with an alert in TLS 1.2 with AES-GCM. */
const ALERT = 31

async function raw(t: Test, port: number, options: tls.ConnectionOptions = {}): Promise<RawSocket> {
  return new RawSocket(await tlsConnect(t, port, { ...TRUSTING, ...options }))
}

/** A connection over which something was said, and the last session that the server gave with it. */
async function resumable(t: Test, port: number, options: tls.ConnectionOptions): Promise<Resumable> {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'app.test', ...options })
  t.teardown(() => socket.destroy())
  let session: Buffer | undefined
  socket.on('session', (given: Buffer) => {
    session = given
  })
  const client = new RawSocket(socket)
  client.send(get('/3'))
  await client.until('xxx')
  return { reused: socket.isSessionReused(), session }
}

interface Resumable {
  readonly reused: boolean
  readonly session: Buffer | undefined
}

function failures(proxy: Sidecar): Promise<number> {
  return metric(proxy, 'outrigger_refused_total', 'direction="inbound"', 'reason="tls_failure"')
}

function warnings(proxy: Sidecar): string[] {
  return proxy.log.filter((line) => line.startsWith('warn a TLS handshake'))
}

/** One exchange of HTTP/2 on a connection of its own. */
function overHttp2(
  t: Test,
  port: number,
  path: string,
  body?: Buffer,
  options: tls.ConnectionOptions = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`https://127.0.0.1:${port}`, { ...TRUSTING, servername: 'app.test', ...options })
    t.teardown(() => session.destroy())
    session.on('error', reject)
    const stream = session.request({ ':path': path, ':method': body === undefined ? 'GET' : 'POST', host: 'app' })
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('end', () => {
      session.close()
      resolve(Buffer.concat(chunks))
    })
    stream.end(body)
  })
}

function overHttp1(port: number, body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'app' }
    const options = { port, host: '127.0.0.1', servername: 'app.test', method: 'POST', agent: false, headers }
    const request = https.request({ ...TRUSTING, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks)))
    })
    request.on('error', reject)
    request.end(body)
  })
}

t.test('ALPN says which version is spoken', async (t) => {
  const app = await application(t)
  const proxy = await start(t, app.port)
  t.equal((await overHttp2(t, proxy.inbound, '/5')).toString(), 'xxxxx')
  const client = await raw(t, proxy.inbound, { ALPNProtocols: ['http/1.1'] })
  client.send(get('/3'))
  t.match(await client.until('xxx'), /^HTTP\/1\.1 200 OK\r\n/)
  client.send(get('/4'))
  await client.until('xxxx')
  t.match(app.heard, [{ proto: 'https' }, { proto: 'https' }, { proto: 'https' }])
  for (const [offers, chosen] of [
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1', 'h2'], 'h2'],
    [['spdy/3', 'http/1.1'], 'http/1.1'],
  ] as const) {
    const socket = await tlsConnect(t, proxy.inbound, { ...TRUSTING, ALPNProtocols: [...offers] })
    t.equal(socket.alpnProtocol, chosen)
  }
})

t.test('Who says nothing by ALPN may speak either', async (t) => {
  const proxy = await start(t, (await application(t)).port)
  const one = await raw(t, proxy.inbound)
  t.equal((one.socket as tls.TLSSocket).alpnProtocol, false)
  one.send(get('/3'))
  await one.until('xxx')
  const two = await raw(t, proxy.inbound)
  const session = http2.connect('https://app.test', { createConnection: () => two.socket })
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/', ':authority': 'app' })
  const [head] = await new Promise<[http2.IncomingHttpHeaders]>((resolve, reject) => {
    stream.on('response', (fields) => resolve([fields]))
    stream.on('error', reject)
  })
  t.equal(head[':status'], 200)
})

t.test('An absolute target does not say that a request came without TLS', async (t) => {
  const app = await application(t)
  const proxy = await start(t, app.port)
  const client = await raw(t, proxy.inbound)
  client.send('GET http://app/3 HTTP/1.1\r\nHost: app\r\n\r\n')
  await client.until('xxx')
  t.match(app.heard, [{ proto: 'https', url: '/3' }])
})

t.test('A large body goes through whole, both ways, in both versions', async (t) => {
  const proxy = await start(t, (await application(t)).port)
  const body = Buffer.alloc(8_000_000, 'outrigger')
  t.ok((await overHttp2(t, proxy.inbound, '/', body)).equals(body))
  t.ok((await overHttp1(proxy.inbound, body)).equals(body))
})

const CLIENTS: Record<string, { shown: Issued | undefined; require: boolean; permit: boolean; cause: RegExp }> = {
  none: { shown: undefined, require: false, permit: true, cause: /has no certificate, and one is required/ },
  good: { shown: clients.issue({ names: ['caller.test'] }), require: true, permit: true, cause: /never/ },
  'of another CA': {
    shown: stranger.issue({ names: ['caller.test'] }),
    require: false,
    permit: false,
    cause: /certificate was not accepted: UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
  },
  'that has expired': {
    shown: clients.issue({ names: ['caller.test'], notAfter: new Date(Date.now() - 1000) }),
    require: false,
    permit: false,
    cause: /certificate was not accepted: CERT_HAS_EXPIRED/,
  },
}

for (const clientAuth of ['require', 'permit'] as const) {
  for (const [which, client] of Object.entries(CLIENTS)) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const served = client[clientAuth]
      t.test(
        `clientAuth: ${clientAuth}, certificate: ${which}, ${maxVersion}: ${served ? 'served' : 'refused'}`,
        async (t) => {
          const app = await application(t)
          const proxy = await start(t, app.port, `, clientCa: CLIENTS, clientAuth: ${clientAuth}`)
          const ask = async () => {
            const connection = await raw(t, proxy.inbound, { ...client.shown, maxVersion })
            connection.send(get('/3'))
            return connection.until('xxx')
          }
          if (served) {
            await ask()
            t.equal(await failures(proxy), 0)
          } else {
            await t.rejects(ask())
            await eventually('the failure', async () => (await failures(proxy)) === 1)
            t.match(warnings(proxy), [
              /^warn a TLS handshake with a client failed .*"direction":"inbound".*127\.0\.0\.1:\d+: /,
            ])
            t.match(warnings(proxy)[0], client.cause)
            t.same(app.heard, [])
          }
          await eventually('it is gone', async () => (await state(proxy)).connections.inbound === (served ? 1 : 0))
        },
      )
    }
  }
}

t.test('A client that resumes a session is still one with a certificate', async (t) => {
  const app = await application(t)
  const proxy = await start(t, app.port, ', clientCa: CLIENTS')
  const shown = clients.issue({ names: ['caller.test'] })
  const first = await tlsConnect(t, proxy.inbound, { ...TRUSTING, ...shown })
  const session = await new Promise<Buffer>((resolve) => first.once('session', resolve))
  const second = await raw(t, proxy.inbound, { ...shown, session })
  t.equal((second.socket as tls.TLSSocket).isSessionReused(), true)
  second.send(get('/3'))
  await second.until('xxx')
})

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`A client that goes on resuming shows its certificate again after five minutes (${maxVersion})`, async (t) => {
    const clock = new FakeClock()
    const proxy = await start(t, (await application(t)).port, ', clientCa: CLIENTS', clock)
    const shown = { ...TRUSTING, ...clients.issue({ names: ['caller.test'] }), maxVersion }
    let session: Buffer | undefined
    const reused: boolean[] = []
    for (const later of [0, 200_000, 200_000]) {
      clock.advance(later)
      const options: tls.ConnectionOptions = session === undefined ? shown : { ...shown, session }
      const got = await resumable(t, proxy.inbound, options)
      reused.push(got.reused)
      // In TLS 1.2 who resumes one keeps it.
      session = got.session ?? session
    }
    t.same(reused, [false, true, false])
  })
}

t.test('A client that fails the handshake is told by an alert where TLS has one', async (t) => {
  const proxy = await start(t, (await application(t)).port, ', clientCa: CLIENTS')
  await t.rejects(tlsConnect(t, proxy.inbound, { ...TRUSTING, ALPNProtocols: ['ftp'] }), {
    code: /NO_APPLICATION_PROTOCOL/,
  })
  const old: tls.ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
  await t.rejects(tlsConnect(t, proxy.inbound, { ...TRUSTING, ...old }), { code: /PROTOCOL_VERSION/ })
  const without = await tlsConnect(t, proxy.inbound, TRUSTING)
  const alert = await new Promise<NodeJS.ErrnoException>((resolve) => without.once('error', resolve))
  t.match(alert.code, /CERTIFICATE_REQUIRED/)
  await eventually('three failures', async () => (await failures(proxy)) === 3)
  t.equal(warnings(proxy).length, 1, 'and one line of log')
})

t.test('TLS 1.2 and 1.3 are spoken', async (t) => {
  const proxy = await start(t, (await application(t)).port)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await tlsConnect(t, proxy.inbound, { ...TRUSTING, minVersion: version, maxVersion: version })
    t.equal(socket.getProtocol(), version)
  }
})

t.test('Nobody is given a second handshake in TLS 1.2 (RFC 9113 §9.2.1)', async (t) => {
  const proxy = await start(t, (await application(t)).port)
  const socket = await tlsConnect(t, proxy.inbound, { ...TRUSTING, maxVersion: 'TLSv1.2', ALPNProtocols: ['h2'] })
  const refused = await new Promise<Error | null>((resolve) => {
    socket.on('error', resolve)
    socket.renegotiate({}, resolve)
  })
  t.match(refused?.message, /renegotiation/)
  t.equal((await overHttp2(t, proxy.inbound, '/5')).toString(), 'xxxxx')
})

t.test('A client that asks for one handshake after another is let go, for the refusals wait in memory', async (t) => {
  const clock = new FakeClock()
  const proxy = await start(t, (await application(t)).port, '', clock)
  const options = { ...TRUSTING, ALPNProtocols: ['http/1.1'] }
  const sparing = await renegotiator(t, proxy.inbound, options)
  const flooding = await renegotiator(t, proxy.inbound, options)
  const answered = async ({ wire }: Renegotiator, bytes: Buffer, wanted: number) => {
    const before = wire.bytesRead
    wire.resume().write(bytes)
    await eventually('all answers', () => wire.bytesRead - before >= wanted)
  }
  for (let i = 0; i < 3; i++) {
    await answered(sparing, sparing.hellos(1000), 1000 * ALERT)
    clock.advance(1000)
  }
  t.equal((await state(proxy)).connections.inbound, 2)
  await answered(flooding, flooding.hellos(2500), 2500 * ALERT)
  clock.advance(1000)
  await eventually('one is left', async () => (await state(proxy)).connections.inbound === 1)
  t.match(warnings(proxy), [/went on with handshakes or key updates/])
  t.equal(await failures(proxy), 1)
  await answered(sparing, sparing.text(get('/3')), 100)
})

t.test('Ciphers that HTTP/2 prohibits in TLS 1.2 are not taken (RFC 9113 §9.2.2)', async (t) => {
  const proxy = await start(t, (await application(t)).port)
  const offer = (ciphers: string) => ({ ...TRUSTING, maxVersion: 'TLSv1.2', ALPNProtocols: ['h2'], ciphers }) as const
  for (const ciphers of ['AES128-SHA', 'AES128-GCM-SHA256', 'ECDHE-RSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384'])
    await t.rejects(tlsConnect(t, proxy.inbound, offer(ciphers)), { code: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE' })
  for (const ciphers of ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'])
    t.equal((await tlsConnect(t, proxy.inbound, offer(ciphers))).alpnProtocol, 'h2')
})

t.test('Plain text to a TLS port ends that connection and no other', async (t) => {
  const proxy = await start(t, (await application(t)).port)
  const other = await raw(t, proxy.inbound)
  for (const text of [get('/'), 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0\0\0\0\0\0\0\0', '\x16\x03\x01\xff\xff']) {
    const client = await connect(proxy.inbound)
    client.send(text)
    client.halfClose()
    await client.untilEnded()
  }
  other.send(get('/3'))
  await other.until('xxx')
  t.ok((await failures(proxy)) >= 3)
  t.match(warnings(proxy), [/no TLS|plain HTTP/])
})

t.test('A handshake that is not whole within headTimeout is given up', async (t) => {
  const clock = new FakeClock()
  const proxy = await start(t, (await application(t)).port, '', clock)
  const hello = await clientHello()
  const silent = await connect(proxy.inbound)
  const slow = await connect(proxy.inbound)
  slow.send(hello.subarray(0, 50))
  await eventually('two connections', async () => (await state(proxy)).connections.inbound === 2)
  clock.advance(2990)
  await turn()
  t.equal((await state(proxy)).connections.inbound, 2)
  slow.send(hello.subarray(50, 60))
  await turn()
  clock.advance(20)
  await Promise.all([silent.untilEnded(), slow.untilEnded()])
  for (const client of [silent, slow]) client.destroy()
  await eventually('none', async () => (await state(proxy)).connections.inbound === 0)
  t.match(warnings(proxy), [/the handshake was not whole after 3000 ms/])
})

t.test('A probe that connects and leaves is no failure', async (t) => {
  const proxy = await start(t, (await application(t)).port)
  const hello = await clientHello()
  for (const [sent, leave] of [
    [Buffer.alloc(0), 'halfClose'],
    [Buffer.alloc(0), 'reset'],
    [hello.subarray(0, 100), 'halfClose'],
    [hello.subarray(0, 100), 'reset'],
    [hello, 'reset'],
  ] as const) {
    const client = await connect(proxy.inbound)
    client.send(sent)
    await eventually('it came', async () => (await state(proxy)).connections.inbound === 1)
    client[leave]()
    await eventually('it is gone', async () => (await state(proxy)).connections.inbound === 0)
    client.destroy()
  }
  t.equal(await failures(proxy), 0)
  t.same(warnings(proxy), [])
})

t.test('A client that half-closes an idle connection is answered in kind', async (t) => {
  const proxy = await start(t, (await application(t)).port)
  const client = await raw(t, proxy.inbound)
  client.halfClose()
  await client.untilEnded()
  await eventually('it is gone', async () => (await state(proxy)).connections.inbound === 0)
})

t.test('An answer that breaks off does not look whole', async (t) => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request()
    peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n')
  })
  t.teardown(() => origin.close())
  const proxy = await start(t, origin.port)
  const client = await raw(t, proxy.inbound)
  // A client of HTTP/1.0 knows the end of a body without a length by the end of the connection.
  client.send('GET / HTTP/1.0\r\nHost: app\r\n\r\n')
  await client.until('part')
  origin.peers[0]?.send('nonsense\r\n')
  await client.untilEnded()
  t.equal(client.ending, 'reset')
})

t.test('Drain ends handshakes and idle connections, and lets what is in flight finish', async (t) => {
  let answer = () => {}
  const app = http.createServer((_request, response) => {
    answer = () => void response.end('done')
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  t.teardown(() => app.close())
  const proxy = await start(t, (app.address() as net.AddressInfo).port)
  const half = await connect(proxy.inbound)
  const idle = await raw(t, proxy.inbound)
  const busy = await raw(t, proxy.inbound)
  busy.send(get('/'))
  await eventually('the request', async () => (await state(proxy)).endpoints[0]?.inflight === 1)
  const drained = proxy.drain()
  await Promise.all([half.untilEnded(10_000), idle.untilEnded(10_000)])
  half.destroy()
  answer()
  t.match(await busy.until('done'), /connection: close/i)
  busy.destroy()
  idle.destroy()
  await drained
})

/** The first bytes of a client. */
async function clientHello(): Promise<Buffer> {
  const chunks: Buffer[] = []
  const sink = net.createServer((socket) => void socket.on('data', (chunk: Buffer) => chunks.push(chunk)))
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  const socket = tls.connect({
    port: (sink.address() as net.AddressInfo).port,
    host: '127.0.0.1',
    servername: 'app.test',
  })
  socket.on('error', () => {})
  await eventually('a hello', () => chunks.length > 0)
  socket.destroy()
  sink.close()
  return Buffer.concat(chunks)
}
