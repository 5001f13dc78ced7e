/** Hedging through the public door, on real sockets: HTTP/1.1 and HTTP/2. gRPC: test/grpc/hedge.test.ts. */
import t from 'tap'
import { CANCEL } from '../../src/http2/frames.ts'
import { admin, ask, eventually, field, get, metric, request, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { block, headers, type Http2Peer, http2RawOrigin, SETTINGS_ACK } from '../support/http2-raw.ts'
import { type Proxy as Sidecar, startProxy } from '../support/proxy.ts'
import { type OriginPeer, type RawOrigin, startRawOrigin } from '../support/raw-origin.ts'
import { OK } from '../support/scene.ts'

interface Test {
  teardown(fn: () => unknown): unknown
}

const HEDGE = 'hedge: {after: 40ms, budget: 100%, methods: [GET, PUT]}'
const BREAKER = 'breaker: {scope: service, window: {type: count, size: 10, minimumCalls: 1}, failureRate: 10%}'
/** `after`, and what the wheel may add. */
const DELAY = 48

/** First attempts are left unanswered until `late` says otherwise; the others are answered. */
function slowFirst(late: (peer: OriginPeer) => unknown = () => {}) {
  return async (peer: OriginPeer): Promise<void> => {
    for (;;) {
      const message = await peer.request()
      if (field(message, 'x-outrigger-attempt') === '1') await late(peer)
      else peer.send(OK)
    }
  }
}

interface World {
  readonly proxy: Sidecar
  readonly clock: FakeClock
  readonly origins: readonly RawOrigin[]
}

/** Two endpoints that behave alike. */
async function world(t: Test, script: (peer: OriginPeer) => Promise<void>, policies: string): Promise<World> {
  const clock = new FakeClock()
  const origins = [await startRawOrigin(script), await startRawOrigin(script)]
  for (const origin of origins) t.teardown(() => origin.close())
  const endpoints = origins.map(({ port }) => `"127.0.0.1:${port}"`).join(', ')
  const proxy = await startProxy(
    `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\nkind: Service\nname: origin\nendpoints: [${endpoints}]\n---\n${policies}`,
    { clock },
  )
  t.teardown(() => proxy.stop())
  return { proxy, clock, origins }
}

function policyFor(blocks: string, name = 'p', routes = ''): string {
  return `kind: Policy\nname: ${name}\nmatch: {direction: outbound, service: origin${routes}}\n${blocks}\n`
}

function reached({ origins }: World, count: number): Promise<unknown> {
  const sum = () => origins.reduce((all, { requests }) => all + requests.length, 0)
  return eventually(`${count} requests at the origins`, () => sum() === count)
}

t.test('A slow request is answered by another endpoint; the slow one is cut off and no failure', async (t) => {
  const it = await world(t, slowFirst(), policyFor(`${HEDGE}\n${BREAKER}`))
  const { proxy, clock, origins } = it
  const asked = ask(proxy.outbound, get('/'))
  await reached(it, 1)
  clock.advance(DELAY)
  const answer = await asked
  t.equal(answer.status, 200)
  t.equal(field(answer, 'x-outrigger-attempts'), '2')
  t.strictSame(
    origins.map(({ requests }) => requests.length),
    [1, 1],
    'one at each endpoint',
  )
  const slow = origins
    .flatMap(({ peers }) => peers)
    .find((peer) => field(peer.requests[0]!, 'x-outrigger-attempt') === '1')
  await eventually('the end of the slow connection', () => slow?.ending !== 'open')
  t.match((await state(proxy)).breakers, [{ state: 'closed', calls: 1, failureRatio: 0 }])
  t.equal(await metric(proxy, 'outrigger_hedges_total', 'result="won"'), 1)
  t.equal(await metric(proxy, 'outrigger_attempts_total', 'attempt="hedge"', 'outcome="success"'), 1)
  t.equal(await metric(proxy, 'outrigger_attempts_total', 'attempt="first"', 'outcome="superseded"'), 1)
  t.equal(await metric(proxy, 'outrigger_hedge_budget_remaining'), 0)
  t.equal(await metric(proxy, 'outrigger_retry_budget_remaining'), 0)
})

t.test('The first may win after all, and the hedge is cut off', async (t) => {
  let answerLate = () => {}
  const late = new Promise<void>((resolve) => {
    answerLate = resolve
  })
  const both = async (peer: OriginPeer) => {
    for (;;) {
      const message = await peer.request()
      if (field(message, 'x-outrigger-attempt') !== '1') continue
      await late
      peer.send(OK)
    }
  }
  const it = await world(t, both, policyFor(HEDGE))
  const asked = ask(it.proxy.outbound, get('/'))
  await reached(it, 1)
  it.clock.advance(DELAY)
  await reached(it, 2)
  answerLate()
  t.equal((await asked).status, 200)
  await eventually('the end of the hedge', async () => {
    return (await metric(it.proxy, 'outrigger_attempts_total', 'attempt="hedge"', 'outcome="superseded"')) === 1
  })
  t.equal(await metric(it.proxy, 'outrigger_hedges_total', 'result="lost"'), 1)
})

t.test('A body is sent to both, byte by byte the same; a write that is not hedged stays alone', async (t) => {
  const it = await world(t, slowFirst(), policyFor(HEDGE))
  const asked = ask(it.proxy.outbound, request('PUT /x', [], 'twice told'))
  await reached(it, 1)
  it.clock.advance(DELAY)
  t.equal((await asked).status, 200)
  t.strictSame(
    it.origins.map(({ requests }) => requests.map(({ body }) => body.toString())),
    [['twice told'], ['twice told']],
  )
  const post = ask(it.proxy.outbound, request('POST /x', [], 'once'))
  await reached(it, 3)
  it.clock.advance(1000)
  for (const peer of it.origins.flatMap(({ peers }) => peers)) if (peer.ending === 'open') peer.send(OK)
  t.equal((await post).status, 200)
  t.equal(it.origins.flatMap(({ requests }) => requests).length, 3)
})

t.test('A failure sends the next at once; when both fail the last answer is passed on', async (t) => {
  let calls = 0
  const failing = async (peer: OriginPeer) => {
    for (;;) {
      await peer.request()
      calls++
      peer.send(`HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\n${calls}`)
    }
  }
  const it = await world(t, failing, policyFor(HEDGE))
  const answer = await ask(it.proxy.outbound, get('/'))
  t.equal(answer.status, 503)
  t.equal(answer.body.toString(), '2')
  t.equal(await metric(it.proxy, 'outrigger_hedges_total', 'result="failed"'), 1)
})

t.test('The budget holds, and shadow mode sends nothing', async (t) => {
  const it = await world(t, slowFirst(), policyFor('hedge: {after: 40ms, budget: 5%}'))
  const asked = ask(it.proxy.outbound, get('/'))
  await reached(it, 1)
  it.clock.advance(DELAY)
  for (const peer of it.origins.flatMap(({ peers }) => peers)) peer.send(OK)
  t.equal((await asked).status, 200)
  t.equal(await metric(it.proxy, 'outrigger_hedges_total', 'result="suppressed_budget"'), 1)

  const shadow = await world(
    t,
    slowFirst(),
    policyFor('hedge: {mode: shadow, after: 40ms, budget: 100%}\nretry: {max: 1}'),
  )
  const watched = ask(shadow.proxy.outbound, get('/'))
  await reached(shadow, 1)
  shadow.clock.advance(DELAY)
  t.equal(await metric(shadow.proxy, 'outrigger_policy_decisions_total', 'policy="hedge"', 'mode="shadow"'), 1)
  for (const peer of shadow.origins.flatMap(({ peers }) => peers)) peer.send(OK)
  t.equal((await watched).status, 200)
  t.equal(shadow.origins.flatMap(({ requests }) => requests).length, 1)
})

t.test('Of hedge and retry in two policies the more specific one holds', async (t) => {
  const general = policyFor('retry: {max: 2, backoff: {base: 1ms, max: 1ms}}', 'general')
  const special = policyFor(HEDGE, 'special', ', routes: [{path: "/slow/**"}]')
  const it = await world(t, slowFirst(), `${general}---\n${special}`)
  const asked = ask(it.proxy.outbound, get('/slow/1'))
  await reached(it, 1)
  it.clock.advance(DELAY)
  t.equal((await asked).status, 200)
  const other = ask(it.proxy.outbound, get('/other'))
  await reached(it, 3)
  it.clock.advance(1000)
  for (const peer of it.origins.flatMap(({ peers }) => peers)) if (peer.ending === 'open') peer.send(OK)
  t.equal((await other).status, 200)
  t.equal(it.origins.flatMap(({ requests }) => requests).length, 3, 'there the retry holds, and nothing failed')
  const explained = (await admin(it.proxy, '/explain?url=http://origin/slow/1&method=GET')).body.toString()
  t.match(explained, /1 more attempt when no answer has begun after 40ms/)
})

t.test('A stale pooled connection under a hedge costs nothing: the attempt is made once more', async (t) => {
  let served = 0
  const closing = async (peer: OriginPeer) => {
    await peer.request()
    served++
    peer.send(OK)
    // The next request on this connection meets its end.
    await peer.request()
    peer.socket.resetAndDestroy()
  }
  const it = await world(t, closing, policyFor(HEDGE))
  for (let i = 0; i < 6; i++) t.equal((await ask(it.proxy.outbound, get('/'))).status, 200)
  t.equal(served, 6)
  t.ok((await metric(it.proxy, 'outrigger_attempts_total', 'attempt="transparent"')) > 0)
  t.equal(await metric(it.proxy, 'outrigger_hedges_total'), 0)
})

t.test('HTTP/2: the loser is told CANCEL', async (t) => {
  const clock = new FakeClock()
  const peers: Http2Peer[] = []
  const play = (peer: Http2Peer) => {
    peer.send(SETTINGS_ACK)
    peers.push(peer)
  }
  const origins = [await http2RawOrigin(t, play), await http2RawOrigin(t, play)]
  const endpoints = origins.map(({ port }) => `"127.0.0.1:${port}"`).join(', ')
  const service = `kind: Service\nname: origin\nendpoints: [${endpoints}]\nprotocol: http2\n`
  const proxy = await startProxy(
    `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n${service}---\n${policyFor(`${HEDGE}\n${BREAKER}`)}`,
    { clock },
  )
  t.teardown(() => proxy.stop())
  const asked = ask(proxy.outbound, get('/'))
  const slow = (await eventually('the first connection', () => peers[0])) as Http2Peer
  await slow.head(1)
  clock.advance(DELAY)
  const quick = (await eventually('the second connection', () => peers[1])) as Http2Peer
  t.ok((await quick.head(1)).some(([name, value]) => name === 'x-outrigger-attempt' && value === '2'))
  quick.send(headers(1, block([[':status', '200']]), true))
  const answer = await asked
  t.equal(answer.status, 200)
  t.equal(await slow.resetCode(1), CANCEL)
  t.notOk(slow.closed, 'its connection stays')
  t.match((await state(proxy)).breakers, [{ state: 'closed', calls: 1, failureRatio: 0 }])
})
