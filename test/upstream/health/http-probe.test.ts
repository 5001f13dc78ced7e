/** The probe against servers of node:http and node:http2, in plain text and over TLS, and against what is no server. */
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { SystemClock } from '../../../src/core/clock.ts'
import { TlsMaterial } from '../../../src/net/tls-material.ts'
import { readTls } from '../../../src/runtime/tls/read.ts'
import { probeHttp } from '../../../src/upstream/health/http-probe.ts'
import type { HttpProbe } from '../../../src/upstream/health/probe.ts'
import type { TlsSettings } from '../../../src/upstream/tls-dialer.ts'
import { eventually } from '../../support/ask.ts'
import { Authority } from '../../support/certificates.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { silentAddress } from '../../support/silent-address.ts'
import { listening, PemFolder, tlsOrigin } from '../../support/tls.ts'

/** Long enough that it never decides a test. */
const PATIENT = 60_000

function ask(port: number, more: Partial<HttpProbe> = {}, clock = new SystemClock()) {
  const probe = {
    host: '127.0.0.1',
    port,
    tls: undefined,
    protocol: 'auto',
    authority: 'shop',
    path: '/healthz',
  } as const
  return probeHttp({ ...probe, timeout: PATIENT, ...more }, clock, new AbortController().signal)
}

t.test('probeHttp() asks once, for what it is told', async (t) => {
  const asked: string[] = []
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers['user-agent']}`)
    response.end('all is well')
  })
  const port = await listening(t, server)
  t.strictSame(await ask(port, { path: '/ready?deep=1' }), { passed: true, why: 'status 200' })
  t.strictSame(asked, ['GET /ready?deep=1 shop outrigger-health-check'])
})

t.test('probeHttp(): any 2xx is well, nothing else is, and no redirect is followed', async (t) => {
  for (const status of [200, 204, 299, 301, 304, 404, 429, 500, 503]) {
    const server = http.createServer((_, response) => response.writeHead(status, { location: '/fine' }).end())
    const port = await listening(t, server)
    t.strictSame(await ask(port), { passed: status < 300, why: `status ${status}` })
  }
})

t.test('probeHttp() over HTTP/2 with prior knowledge', async (t) => {
  const versions: string[] = []
  const server = http2.createServer((request, response) => {
    versions.push(`${request.httpVersion} ${request.authority}`)
    response.end('hi')
  })
  const port = await listening(t, server)
  t.strictSame(await ask(port, { protocol: 'http2' }), { passed: true, why: 'status 200' })
  t.strictSame(versions, ['2.0 shop'])
})

t.test('probeHttp(): what is no answer does not pass', async (t) => {
  const talk = (reply: (socket: net.Socket) => void) =>
    listening(
      t,
      net.createServer((socket) => reply(socket)),
    )
  const ports = {
    'closes at once': await talk((socket) => socket.destroy()),
    'says something else': await talk((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
    'ends in the middle': await talk((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')),
  }
  for (const [name, port] of Object.entries(ports)) {
    const { passed, why } = await ask(port)
    t.notOk(passed, `${name}: ${why}`)
    t.not(why, '')
  }
  const nobody = net.createServer()
  const port = await listening(t, nobody)
  nobody.close()
  t.match(await ask(port), { passed: false, why: /ECONNREFUSED/ })
})

/** The time is over once `begun`; the probe says so, and lets go of everything. */
async function runsOut(t: Test, port: number, begun?: Promise<unknown>): Promise<void> {
  const clock = new FakeClock()
  const answer = ask(port, { timeout: 1000 }, clock as never)
  await begun
  // It is there once the connection is being made.
  await eventually('the timer', () => clock.pending === 1)
  clock.advance(1008)
  t.strictSame(await answer, { passed: false, why: 'no whole answer within 1000 ms' })
  t.equal(clock.pending, 0)
}

t.test('probeHttp() gives up when its time is over: a server that says nothing', async (t) => {
  let socket: net.Socket | undefined
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const server = net.createServer()
  const begun = new Promise<void>((begin) =>
    server.once('connection', (one) => {
      socket = one.once('close', () => resolve()).once('data', () => begin())
    }),
  )
  await runsOut(t, await listening(t, server), begun)
  await ended
  t.ok(socket?.destroyed)
})

t.test('probeHttp() gives up when its time is over: a body without an end', async (t) => {
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const server = http.createServer((_, response) => {
    response.write('well')
    setImmediate(resolve)
  })
  await runsOut(t, await listening(t, server), begun)
})

t.test('probeHttp() gives up when its time is over: nobody accepts', async (t) => {
  const silent = await silentAddress()
  t.teardown(() => silent.close())
  await runsOut(t, silent.port)
})

t.test('probeHttp() ends at once when nobody wants to know any more', async (t) => {
  const abort = new AbortController()
  const server = net.createServer()
  const connected = new Promise<net.Socket>((resolve) => server.once('connection', resolve))
  const port = await listening(t, server)
  const clock = new FakeClock()
  const probe = { host: '127.0.0.1', port, tls: undefined, protocol: 'auto', authority: 'shop', path: '/' } as const
  const answer = probeHttp({ ...probe, timeout: 1000 }, clock, abort.signal)
  const socket = await connected
  const closed = new Promise((resolve) => socket.resume().once('close', resolve))
  abort.abort()
  t.equal((await answer).passed, false)
  await closed
  t.equal(clock.pending, 0)
  t.match(await probeHttp({ ...probe, timeout: 1000 }, clock, abort.signal), { passed: false })
})

// ---------------------------------------------------------------- TLS

const authority = new Authority('shop root')
const stranger = new Authority('stranger')
const server = authority.issue({ names: ['shop.test'] })

function settings(t: Test, by: Authority, serverName: string, shown = false): TlsSettings {
  const pem = new PemFolder(t)
  const own = by.issue({ names: ['prober.test'] })
  const cert = shown ? pem.write('cert.pem', own.cert) : ''
  const key = shown ? pem.write('key.pem', own.key) : ''
  const { contents } = readTls({ side: 'upstream', ca: pem.write('ca.pem', by.cert), cert, key }, Date.now())
  if (contents === undefined) throw new Error('no contents')
  return { material: new TlsMaterial(contents), serverName }
}

for (const [kind, protocol, version] of [
  ['http1', 'auto', '1.1'],
  ['http2', 'auto', '2.0'],
  ['either', 'http1', '1.1'],
  ['either', 'http2', '2.0'],
] as const) {
  t.test(`probeHttp() over TLS, protocol ${protocol} to a server of ${kind}`, async (t) => {
    const origin = await tlsOrigin(t, kind, server)
    const answer = await ask(origin.port, { tls: settings(t, authority, 'shop.test'), protocol })
    t.strictSame(answer, { passed: true, why: 'status 200' })
    t.match(origin.reached, [{ serverName: 'shop.test', reused: false }])
    t.match(origin.requests, [{ version, url: '/healthz' }])
  })
}

t.test(
  'probeHttp() over TLS, protocol http2, fails where the server knows nothing of ALPN, as requests do',
  async (t) => {
    const old = createTlsServer(server, (socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
    })
    const port = await listening(t, old)
    const trusted = settings(t, authority, 'shop.test')
    t.match(await ask(port, { tls: trusted, protocol: 'http2' }), { passed: false, why: /h2/ })
    t.match(await ask(port, { tls: trusted, protocol: 'auto' }), { passed: true })
  },
)

t.test('probeHttp() over TLS believes only whom the Service believes', async (t) => {
  const origin = await tlsOrigin(t, 'either', server)
  for (const tls of [
    settings(t, stranger, 'shop.test'),
    settings(t, authority, 'other.test'),
    settings(t, authority, ''),
  ]) {
    const { passed, why } = await ask(origin.port, { tls })
    t.notOk(passed, why)
  }
  t.strictSame(origin.requests, [], 'nothing was said to it')
})

t.test('probeHttp() over TLS shows our certificate', async (t) => {
  const options = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true }
  const origin = await tlsOrigin(t, 'either', options)
  t.match(await ask(origin.port, { tls: settings(t, authority, 'shop.test') }), { passed: false })
  t.match(await ask(origin.port, { tls: settings(t, authority, 'shop.test', true) }), { passed: true })
  t.match(origin.reached.at(-1), { client: 'CN=prober.test' })
})
