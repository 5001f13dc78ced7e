/** The probe against grpc-js, with messages made by protobuf.js, and against servers that speak of something else. */
import http from 'node:http'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import t, { type Test } from 'tap'
import { SystemClock } from '../../../src/core/clock.ts'
import { type GrpcProbe, probeGrpc } from '../../../src/upstream/health/grpc-probe.ts'
import { type TlsContents, TlsMaterial } from '../../../src/net/tls-material.ts'
import { readTls } from '../../../src/runtime/tls/read.ts'
import type { TlsSettings } from '../../../src/upstream/tls-dialer.ts'
import { Authority } from '../../support/certificates.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { PemFolder } from '../../support/tls.ts'

const PROTO = loadSync(fileURLToPath(new URL('health.proto', import.meta.url)), { enums: String })
const HEALTH = PROTO['grpc.health.v1.Health'] as unknown as grpc.ServiceDefinition

/** Long enough that it never decides a test. */
const PATIENT = 60_000

function probe(port: number, service = ''): GrpcProbe {
  return { host: '127.0.0.1', port, authority: 'orders', service, timeout: PATIENT, tls: undefined }
}

/** With a health service where there is somebody to answer for it. */
async function grpcServer(
  t: Test,
  check: grpc.UntypedHandleCall | undefined,
  credentials = grpc.ServerCredentials.createInsecure(),
): Promise<number> {
  const server = new grpc.Server()
  if (check !== undefined) server.addService(HEALTH, { Check: check })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error))),
  )
  t.teardown(() => server.forceShutdown())
  return port
}

type Done = grpc.sendUnaryData<unknown>
type Reply = { status: string } | { code: number }

/** A health service that answers as told, and what it was asked. */
function healthServer(t: Test, reply: Reply, asked: grpc.ServerUnaryCall<{ service: string }, unknown>[] = []) {
  return grpcServer(t, (call: grpc.ServerUnaryCall<{ service: string }, unknown>, done: Done) => {
    asked.push(call)
    if ('code' in reply) done({ code: reply.code })
    else done(null, reply)
  })
}

async function listening(t: Test, server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

t.test('probeGrpc() tells what a health service says', async (t) => {
  for (const [status, health] of [
    ['SERVING', 'serving'],
    ['NOT_SERVING', 'not_serving'],
    ['UNKNOWN', 'not_serving'],
    ['SERVICE_UNKNOWN', 'not_serving'],
  ] as const) {
    const port = await healthServer(t, { status })
    t.strictSame(await probeGrpc(probe(port), new SystemClock()), { health, why: `the server says ${status}` })
  }
})

t.test('probeGrpc() asks for the service it is told to, with its deadline', async (t) => {
  const asked: grpc.ServerUnaryCall<{ service: string }, unknown>[] = []
  const port = await healthServer(t, { status: 'SERVING' }, asked)
  const long = `shop.${'Orders'.repeat(40)}`
  for (const service of ['', 'shop.Orders', long]) await probeGrpc(probe(port, service), new SystemClock())
  t.strictSame(
    asked.map((call) => call.request.service ?? ''),
    ['', 'shop.Orders', long],
  )
  t.equal(asked[0]?.getHost(), 'orders')
  t.ok(Number.isFinite(Number(asked[0]?.getDeadline())), 'the server knows how long we wait')
})

t.test('probeGrpc() takes a status for an answer', async (t) => {
  for (const [code, health, why] of [
    [grpc.status.NOT_FOUND, 'not_serving', 'the server does not know this service'],
    [grpc.status.UNIMPLEMENTED, 'unimplemented', 'the server has no health service'],
    [grpc.status.UNAVAILABLE, 'not_serving', 'the server answered UNAVAILABLE'],
    [grpc.status.INTERNAL, 'not_serving', 'the server answered INTERNAL'],
  ] as const) {
    const port = await healthServer(t, { code })
    t.strictSame(await probeGrpc(probe(port), new SystemClock()), { health, why })
  }
})

t.test('probeGrpc() knows a gRPC server without a health service', async (t) => {
  const port = await grpcServer(t, undefined)
  const { health } = await probeGrpc(probe(port), new SystemClock())
  t.equal(health, 'unimplemented')
})

t.test('probeGrpc() gives up when its time is over', async (t) => {
  const clock = new FakeClock()
  const silent = net.createServer()
  const port = await listening(t, silent)
  const connected = new Promise<net.Socket>((resolve) => silent.once('connection', resolve))
  const answer = probeGrpc({ ...probe(port), timeout: 1000 }, clock)
  const socket = await connected
  socket.resume()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  clock.advance(1008)
  t.strictSame(await answer, { health: 'no_answer', why: 'nothing came within 1000 ms' })
  await closed
  t.equal(clock.pending, 0)
})

t.test('probeGrpc() finds nobody', async (t) => {
  const clock = new FakeClock()
  const server = net.createServer()
  const port = await listening(t, server)
  await new Promise((resolve) => server.close(resolve))
  const { health, why } = await probeGrpc(probe(port), clock)
  t.equal(health, 'no_answer')
  t.match(why, /ECONNREFUSED/)
  t.equal(clock.pending, 0)
})

t.test('probeGrpc() is not taken in by what is no gRPC', async (t) => {
  const plain = await listening(
    t,
    http.createServer((_, response) => response.end('hello')),
  )
  t.equal((await probeGrpc(probe(plain), new SystemClock())).health, 'no_answer', 'HTTP/1.1')

  const hangsUp = await listening(
    t,
    net.createServer((socket) => {
      socket.on('error', () => {})
      socket.end()
    }),
  )
  t.equal((await probeGrpc(probe(hangsUp), new SystemClock())).health, 'no_answer', 'who hangs up')

  const answers: [string, (stream: http2.ServerHttp2Stream) => void, string][] = [
    ['a page', (stream) => stream.end('<html>'), 'no_answer'],
    ['much', (stream) => stream.end(Buffer.alloc(100_000)), 'no_answer'],
    ['a reset', (stream) => stream.close(2), 'no_answer'],
    ['OK without a message', (stream) => withStatus(stream, Buffer.alloc(0)), 'no_answer'],
    ['OK with half a message', (stream) => withStatus(stream, Buffer.of(0, 0, 0, 0, 2, 8)), 'no_answer'],
    ['OK with a broken message', (stream) => withStatus(stream, Buffer.of(0, 0, 0, 0, 2, 18, 9)), 'no_answer'],
    ['a field of tomorrow', (stream) => withStatus(stream, Buffer.of(0, 0, 0, 0, 5, 18, 1, 65, 8, 1)), 'serving'],
  ]
  for (const [name, reply, health] of answers) {
    const server = http2.createServer()
    server.on('stream', (stream) => {
      stream.on('error', () => {})
      reply(stream as http2.ServerHttp2Stream)
    })
    const port = await listening(t, server)
    t.equal((await probeGrpc(probe(port), new SystemClock())).health, health, name)
  }
})

t.test('probeGrpc() reads an HTTP status where there is no other', async (t) => {
  for (const [status, health] of [
    [404, 'unimplemented'],
    [503, 'not_serving'],
  ] as const) {
    const server = http2.createServer((_, response) => response.writeHead(status).end())
    const port = await listening(t, server)
    t.equal((await probeGrpc(probe(port), new SystemClock())).health, health, String(status))
  }
})

function withStatus(stream: http2.ServerHttp2Stream, body: Buffer): void {
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.end(body)
}

t.test('probeGrpc() over TLS believes whom the Service believes, and shows our certificate', async (t) => {
  const authority = new Authority('shop root')
  const own = authority.issue({ names: ['orders.test'] })
  const credentials = grpc.ServerCredentials.createSsl(
    Buffer.from(authority.cert),
    [{ cert_chain: Buffer.from(own.cert), private_key: Buffer.from(own.key) }],
    true,
  )
  const port = await grpcServer(t, (_: unknown, done: Done) => done(null, { status: 'SERVING' }), credentials)
  const pem = new PemFolder(t)
  const ca = pem.write('ca.pem', authority.cert)
  const shown = authority.issue({ names: ['prober.test'] })
  const certificate = { cert: pem.write('cert.pem', shown.cert), key: pem.write('key.pem', shown.key) }
  const settings = (serverName: string, more = { cert: '', key: '' }): TlsSettings => {
    const { contents } = readTls({ side: 'upstream', ca, ...more }, Date.now())
    return { material: new TlsMaterial(contents as TlsContents), serverName }
  }
  const ask = (tls: TlsSettings) => probeGrpc({ ...probe(port), tls }, new SystemClock())
  t.match(await ask(settings('orders.test', certificate)), { health: 'serving' })
  t.match(await ask(settings('orders.test')), { health: 'no_answer' })
  t.match(await ask(settings('other.test', certificate)), { health: 'no_answer', why: /other.test/ })
})

t.test('probeGrpc() ends at once when nobody wants to know any more', async (t) => {
  const clock = new FakeClock()
  const silent = net.createServer()
  const port = await listening(t, silent)
  const connected = new Promise<net.Socket>((resolve) => silent.once('connection', resolve))
  const abort = new AbortController()
  const answer = probeGrpc({ ...probe(port), timeout: 1000 }, clock, abort.signal)
  const socket = await connected
  const closed = new Promise((resolve) => socket.resume().once('close', resolve))
  abort.abort()
  t.match(await answer, { health: 'no_answer' })
  await closed
  t.equal(clock.pending, 0)
  t.match(await probeGrpc({ ...probe(port), timeout: 1000 }, clock, abort.signal), { health: 'no_answer' })
})
