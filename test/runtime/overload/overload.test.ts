/** A whole sidecar that is told how hard it is pressed; its clock stands still in between. */
import { once } from 'node:events'
import http2 from 'node:http2'
import t from 'tap'
import type { Signals } from '../../../src/runtime/overload/decide.ts'
import { answer, ask, field, get, metric, state, told } from '../../support/ask.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { session, unary } from '../../support/grpc-call.ts'
import { fixedRandom } from '../../support/stubs.ts'
import { HI, OK, policy, scene, type SceneOptions } from '../../support/scene.ts'

const EASE: Signals = { lag: 0, heap: 0.3, memory: 0, connections: 0 }

function pressed(options: SceneOptions = {}) {
  const clock = new FakeClock()
  let signals = EASE
  return {
    options: { ...options, clock, signals: () => signals },
    /** For so many windows. */
    press(windows: number, what: Partial<Signals> = {}): void {
      signals = { ...EASE, ...what }
      // A timer of the wheel may come a tick late, and each look waits for the one before.
      clock.advance(windows * 4 * 266)
    },
  }
}

t.test(
  'HTTP/1.1: 503 overload, and the connection ends; the admin listener answers; it is over when it is over',
  async (t) => {
    const { options, press } = pressed({ inbound: true })
    const { port, proxy, origin, client } = await scene(t, HI, options)
    t.equal((await ask(port, get('/'))).status, 200)
    press(3, { heap: 0.97 })
    const connection = await client()
    connection.send(get('/'))
    const got = await answer(connection)
    t.equal(got.status, 503)
    t.equal(field(got, 'connection'), 'close')
    t.equal(field(got, 'retry-after'), '1')
    t.equal(field(got, 'x-outrigger-reason'), 'overload')
    t.match(field(got, 'proxy-status'), 'error=destination_unavailable; details="overload"')
    t.match(told(got), { reason: 'overload' })
    await connection.untilEnded()
    t.equal(origin.requests.length, 1)
    t.match(await state(proxy), { overload: { refused: 1, closing: true, heap: 0.97 } })
    t.equal(await metric(proxy, 'outrigger_overload_pressure', 'signal="heap"'), 0.97)
    const decided = ['policy="overload"', 'decision="refused"', 'direction="inbound"']
    t.equal(await metric(proxy, 'outrigger_policy_decisions_total', ...decided), 1)
    press(2)
    t.equal((await ask(port, get('/'))).status, 200)
    const lines = proxy.log.filter((line) => line.includes('overload'))
    t.same(
      lines.map((line) => line.slice(0, line.indexOf(' {'))),
      [
        'warn overload: new requests are refused',
        'warn overload: connections are not kept alive',
        'info overload: requests are taken again',
        'info overload: connections are kept alive again',
      ],
    )
  },
)

t.test('HTTP/2: the refused get their answer and the connection a GOAWAY; gRPC gets status 14', async (t) => {
  const { options, press } = pressed({ inbound: true })
  const { port } = await scene(t, HI, options)
  press(3, { memory: 0.99 })
  const client = session(t, port)
  const gone = new Promise<number>((resolve) => client.once('goaway', resolve))
  const stream = client.request({ ':path': '/', ':authority': 'origin' })
  const head = await new Promise<Record<string, unknown>>((resolve) => stream.on('response', resolve))
  t.match(head, { ':status': 503, 'x-outrigger-reason': 'overload' })
  t.equal(await gone, http2.constants.NGHTTP2_NO_ERROR)
  const call = await unary(session(t, port), '/shop.Orders/Get')
  t.equal(call.status, '14')
  t.match(call.head, { 'x-outrigger-reason': 'overload' })
})

t.test('HTTP/2: while connections of HTTP/1.1 end after their answer, none gets a GOAWAY', async (t) => {
  for (const [signal, value] of [
    ['heap', 0.93],
    ['connections', 0.96],
  ] as const) {
    const { options, press } = pressed({ service: 'protocol: http1' })
    const { port, proxy } = await scene(t, HI, options)
    press(3, { [signal]: value })
    t.match(await state(proxy), { overload: { closing: true, refused: 0 } })
    const client = session(t, port)
    let gone = false
    client.on('goaway', () => {
      gone = true
    })
    for (const path of ['/a', '/b']) {
      const stream = client.request({ ':path': path, ':authority': 'origin' }).resume()
      await once(stream, 'close')
    }
    // Whatever was said before is read before its answer.
    await new Promise((resolve) => client.ping(resolve))
    t.notOk(gone, signal)
    t.equal(field(await ask(port, get('/')), 'connection'), 'close')
  }
})

t.test('What is in flight goes on, and is answered', async (t) => {
  const { options, press } = pressed({ inbound: true })
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let asked = () => {}
  const begun = new Promise<void>((resolve) => {
    asked = resolve
  })
  const { port, client } = await scene(
    t,
    async (peer) => {
      await peer.request()
      asked()
      await released
      peer.send(OK)
    },
    options,
  )
  const connection = await client()
  connection.send(get('/slow'))
  await begun
  press(3, { heap: 0.97 })
  t.equal((await ask(port, get('/'))).status, 503)
  release()
  const got = await answer(connection)
  t.equal(got.status, 200)
  t.equal(field(got, 'connection'), 'close')
})

t.test('Late timers refuse a share, and the others go on', async (t) => {
  for (const [fraction, status] of [
    [0.49, 503],
    [0.51, 200],
  ] as const) {
    const { options, press } = pressed({ inbound: true, random: fixedRandom(fraction) })
    const { port } = await scene(t, HI, options)
    press(4, { lag: 1250 })
    t.equal((await ask(port, get('/'))).status, 200)
    press(3, { lag: 1250 })
    const got = await ask(port, get('/'))
    t.equal(got.status, status)
    t.equal(field(got, 'connection'), status === 503 ? 'close' : undefined)
    press(2, { lag: 200 })
    t.equal((await ask(port, get('/'))).status, 200)
  }
})

t.test('Outbound it is the same, and neither retry nor fallback has a part in it', async (t) => {
  const { options, press } = pressed({
    yaml: policy('fallback: [{when: [any], use: static, status: 200, body: x}]\nretry: {max: 3, when: [5xx]}'),
  })
  const { port, origin } = await scene(t, HI, options)
  press(3, { heap: 0.97 })
  t.equal((await ask(port, get('/'))).status, 503)
  t.equal(origin.requests.length, 0)
})

t.test('What is measured of this very process is no overload', async (t) => {
  const clock = new FakeClock()
  let measured: Signals | undefined
  const { port, proxy } = await scene(t, HI, {
    clock,
    signals: (seen) => {
      measured = seen
      return seen
    },
  })
  clock.advance(5000)
  t.match(await state(proxy), { overload: { refused: 0, closing: false } })
  t.equal(measured?.lag, 0)
  t.ok((measured?.heap as number) > 0)
  t.equal((await ask(port, get('/'))).status, 200)
})

t.test(
  'Connections above maxConnections are closed at once and counted, and full listeners keep none alive',
  async (t) => {
    const clock = new FakeClock()
    const { client, proxy } = await scene(t, HI, { clock, sidecar: 'limits: {maxConnections: 1}' })
    const first = await client()
    first.send(get('/'))
    t.equal(field(await answer(first), 'connection'), undefined)
    const second = await client()
    await second.untilEnded()
    t.equal(await metric(proxy, 'outrigger_downstream_connections_dropped_total', 'direction="outbound"'), 1)
    clock.advance(3000)
    t.match(await state(proxy), { overload: { refused: 0, closing: true, connections: 1 } })
    const length = first.received.length
    first.send(get('/'))
    t.equal(field(await answer(first, length), 'connection'), 'close')
  },
)
