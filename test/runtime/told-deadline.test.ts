/** Two sidecars in line, the second of which believes the first: it ends nothing that the first would let go on. */
import type { ServerHttp2Stream } from 'node:http2'
import t, { type Test } from 'tap'
import { answer, eventually, get, settled } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { begin, Call, grpcOrigin, session } from '../support/grpc-call.ts'
import { message } from '../support/grpc-message.ts'
import { type Proxy as Sidecar, services, startProxy } from '../support/proxy.ts'
import { connect, type RawSocket } from '../support/raw.ts'
import { type Script, startRawOrigin } from '../support/raw-origin.ts'
import { HI, policy } from '../support/scene.ts'

const BELIEVING = 'kind: Sidecar\nname: origin\naccessLog: {format: none}\ntrust: {peers: [127.0.0.0/8]}\n'

/** `blocks` are those of the first sidecar for the application on `app`. */
async function inLine(t: Test, app: number, blocks: string, match?: string) {
  const clock = new FakeClock()
  const second = await startProxy(BELIEVING, { clock, app })
  t.teardown(() => second.stop())
  const first = await startProxy(services({ origin: second.inbound }, policy(blocks, match)), { clock })
  t.teardown(() => first.stop())
  /** Time passes for both, and what that makes them say is read. */
  const pass = async (ms: number) => {
    clock.advance(ms)
    for (const proxy of [second, first]) await settled(proxy)
  }
  return { first, pass }
}

async function clientOf(t: Test, { outbound }: Sidecar): Promise<RawSocket> {
  const client = await connect(outbound)
  t.teardown(() => client.destroy())
  return client
}

async function origin(t: Test, script: Script) {
  const made = await startRawOrigin(script)
  t.teardown(() => made.close())
  return made
}

const HALF: Script = async (peer) => {
  await peer.request()
  peer.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
}

t.test('perTry ends with the head: the answer behind it may take longer', async (t) => {
  const app = await origin(t, HALF)
  const { first, pass } = await inLine(t, app.port, 'timeout: {request: 10s, perTry: 500ms}')
  const client = await clientOf(t, first)
  client.send(get('/'))
  await client.until('abc')
  await pass(1000)
  ;(await app.peer(0)).send('def')
  t.equal((await answer(client)).body.toString(), 'abcdef')
})

t.test('perTry begins when the request is out: its upload may take longer', async (t) => {
  const app = await origin(t, HI)
  const { first, pass } = await inLine(t, app.port, 'timeout: {request: 10s, perTry: 500ms}')
  const client = await clientOf(t, first)
  client.send('POST / HTTP/1.1\r\nHost: origin\r\nContent-Length: 6\r\n\r\nabc')
  await (await app.peer(0)).until('abc')
  await pass(1000)
  client.send('def')
  t.equal((await answer(client)).status, 200)
})

t.test('A route that the first alone calls a stream is bounded to its head', async (t) => {
  const app = await origin(t, HALF)
  const match = '{direction: outbound, service: origin, routes: [{path: "/**", stream: true}]}'
  const { first, pass } = await inLine(t, app.port, 'timeout: {request: 500ms}', match)
  const client = await clientOf(t, first)
  client.send(get('/'))
  await client.until('abc')
  await pass(1000)
  ;(await app.peer(0)).send('def')
  t.equal((await answer(client)).body.toString(), 'abcdef')
})

t.test('gRPC: perTry ends with the head, also where the first message comes later', async (t) => {
  const streams: ServerHttp2Stream[] = []
  const app = await grpcOrigin(t, (stream) => {
    begin(stream)
    streams.push(stream)
  })
  const { first, pass } = await inLine(t, app, 'timeout: {perTry: 500ms, request: 10s}')
  const call = new Call(session(t, first.outbound), '/a.B/Watch')
  call.stream.write(message('ask'))
  await call.answered
  await pass(1000)
  streams[0]!.write(message('told'))
  await Promise.race([call.received(9), call.over])
  t.ok(call.body.equals(message('told')))
})

t.test('The deadline itself is kept by both, and the second, which has less, says so', async (t) => {
  const app = await origin(t, async (peer) => void (await peer.request()))
  const { first, pass } = await inLine(t, app.port, 'timeout: {request: 500ms}')
  const client = await clientOf(t, first)
  client.send(get('/'))
  await eventually('the request', () => app.requests.length === 1)
  await pass(520)
  t.equal((await answer(client)).status, 504)
  await (await app.peer(0)).untilEnded()
})
