import t from 'tap'
import { silentAddress } from '../support/silent-address.ts'
import { answer, ask, eventually, field, get, post, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { connect, type RawSocket, turn } from '../support/raw.ts'
import { answering, type Script } from '../support/raw-origin.ts'
import { HI, OK, policy, scene } from '../support/scene.ts'
import { Seeded } from '../support/seeded.ts'

/** Answers when the test lets it. */
function held(): { script: Script; release(): void } {
  const waiting: (() => void)[] = []
  return {
    script: async (peer) => {
      for (;;) {
        await peer.request()
        await new Promise<void>((resolve) => waiting.push(resolve))
        peer.send(OK)
      }
    },
    release: () => waiting.shift()?.(),
  }
}

t.test('The connection used last is taken first, and others age out', async (t) => {
  const gate = held()
  const { client, origin, proxy } = await scene(t, gate.script)
  const clients = [await client(), await client(), await client()]
  for (const [i, one] of clients.entries()) {
    one.send(get(`/${i}`))
    await (await origin.peer(i)).head()
    await eventually('the request', () => origin.requests.length === i + 1)
  }
  for (const one of clients) {
    gate.release()
    await answer(one)
  }
  t.match((await state(proxy)).endpoints, [{ inflight: 0, idle: 3, connections: 3 }])
  for (let i = 0; i < 4; i++) {
    const got = ask(proxy.outbound, get(`/again-${i}`))
    await eventually('the request', () => origin.requests.length === 4 + i)
    gate.release()
    await got
  }
  t.strictSame(
    origin.peers.map(({ requests }) => requests.length),
    [1, 1, 5],
  )
})

t.test('At maxPerEndpoint requests wait, first in, first out', async (t) => {
  const gate = held()
  const { client, origin, proxy } = await scene(t, gate.script, {
    service: 'connections: {maxPerEndpoint: 2}',
    yaml: policy('timeout: {connect: 30s}'),
  })
  for (let i = 0; i < 4; i++) {
    ;(await client()).send(get(`/${i}`))
    await eventually('it', async () => (await state(proxy)).endpoints[0]?.inflight === i + 1)
  }
  t.equal(origin.peers.length, 2)
  for (let i = 2; i < 4; i++) {
    gate.release()
    await eventually('the next', () => origin.requests.length === i + 1)
    t.equal(origin.requests.map(({ target }) => target).includes(`/${i}`), true, `/${i} in its turn`)
  }
  t.equal(origin.peers.length, 2)
})

t.test('A wait for a connection longer than timeout.connect is 503 pool_exhausted', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, async (peer) => void (await peer.head()), {
    clock,
    service: 'connections: {maxPerEndpoint: 1}',
    yaml: policy('timeout: {connect: 1s}'),
  })
  ;(await client()).send(get('/holder'))
  await (await origin.peer(0)).head()
  const waiting = await client()
  waiting.send(get('/waiting'))
  await turn()
  await turn()
  clock.advance(900)
  t.equal(waiting.text, '')
  clock.advance(200)
  const got = await answer(waiting)
  t.equal(got.status, 503)
  t.equal(field(got, 'x-outrigger-reason'), 'pool_exhausted')
  t.match(field(got, 'proxy-status'), 'error=connection_limit_reached')
})

t.test('No more wait than there may be connections: one more is 503 at once', async (t) => {
  const { client, origin, proxy } = await scene(t, async (peer) => void (await peer.head()), {
    service: 'connections: {maxPerEndpoint: 1}',
    yaml: policy('timeout: {connect: 30s}'),
  })
  ;(await client()).send(get('/holder'))
  await (await origin.peer(0)).head()
  ;(await client()).send(get('/waiting'))
  await eventually('it', async () => (await state(proxy)).endpoints[0]?.inflight === 2)
  const got = await ask(proxy.outbound, get('/third'))
  t.equal(got.status, 503)
  t.equal(field(got, 'x-outrigger-reason'), 'pool_exhausted')
})

t.test('A body that waits for a connection arrives whole', async (t) => {
  const gate = held()
  const { client, origin, proxy } = await scene(t, gate.script, {
    service: 'connections: {maxPerEndpoint: 1}',
    yaml: policy('timeout: {connect: 30s}'),
  })
  ;(await client()).send(get('/holder'))
  await eventually('it', () => origin.requests.length === 1)
  const waiting = await client()
  waiting.send(post('/waiting', 'abc'.repeat(1000)))
  await eventually('it', async () => (await state(proxy)).endpoints[0]?.inflight === 2)
  gate.release()
  await eventually('the body', () => origin.requests.length === 2)
  t.equal(origin.requests[1]?.body.toString(), 'abc'.repeat(1000))
  t.equal(origin.peers.length, 1)
})

t.test('A connection that fails while others wait gives its place to the next', async (t) => {
  const { client, origin, proxy } = await scene(
    t,
    async (peer, index) => {
      await peer.request()
      if (index > 0) peer.send(OK)
    },
    { service: 'connections: {maxPerEndpoint: 1}', yaml: policy('timeout: {connect: 30s}') },
  )
  const first = await client()
  first.send(post('/first', 'abc'))
  await eventually('it', () => origin.requests.length === 1)
  const second = await client()
  second.send(get('/second'))
  await eventually('it', async () => (await state(proxy)).endpoints[0]?.inflight === 2)
  ;(await origin.peer(0)).reset()
  t.equal((await answer(first)).status, 502)
  t.equal((await answer(second)).status, 200)
})

for (const [what, head, service, lives, dies] of [
  ['connections.idle', '', 'connections: {idle: 2s}', 1900, 1200],
  ['Keep-Alive: timeout=', 'Keep-Alive: timeout=3\r\n', 'connections: {idle: 1m}', 1900, 1200],
] as const) {
  t.test(`An idle connection is given up after ${what}`, async (t) => {
    const clock = new FakeClock()
    const text = `HTTP/1.1 200 OK\r\n${head}Content-Length: 3\r\n\r\nhi!`
    const { port, origin, proxy } = await scene(
      t,
      answering(() => text),
      { clock, service },
    )
    await ask(port, get('/1'))
    clock.advance(lives)
    await ask(port, get('/2'))
    t.equal(origin.peers.length, 1, 'within it the connection is used again')
    clock.advance(lives)
    t.match((await state(proxy)).endpoints, [{ connections: 1 }])
    clock.advance(dies)
    await (await origin.peer(0)).untilEnded()
    t.match((await state(proxy)).endpoints, [{ connections: 0 }])
    await ask(port, get('/3'))
    t.equal(origin.peers.length, 2)
  })
}

t.test('Keep-Alive: timeout=0 and timeout=1 are not waited out', async (t) => {
  const clock = new FakeClock()
  const text = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 3\r\n\r\nhi!'
  const { port, origin } = await scene(
    t,
    answering(() => text),
    { clock },
  )
  await ask(port, get('/1'))
  clock.advance(600)
  await ask(port, get('/2'))
  t.equal(origin.peers.length, 2)
})

t.test('A connection older than maxAge takes no further request', async (t) => {
  const clock = new FakeClock()
  const { port, origin } = await scene(t, HI, {
    clock,
    random: { fraction: () => 0, word: () => 1 },
    service: 'connections: {maxAge: 10s, idle: 1m}',
  })
  await ask(port, get('/1'))
  clock.advance(9_000)
  await ask(port, get('/2'))
  t.equal(origin.peers.length, 1)
  clock.advance(1_500)
  await ask(port, get('/3'))
  await (await origin.peer(0)).untilEnded()
  const one = (await origin.peer(0)).requests.length
  t.ok(one <= 3)
  await ask(port, get('/4'))
  t.equal(origin.peers.length, 2)
})

t.test('Connections that were made together grow old apart, however busy they are', async (t) => {
  const clock = new FakeClock()
  const dice = new Seeded(3)
  const { port, origin } = await scene(t, HI, { clock, random: dice, service: 'connections: {maxAge: 100s, idle: 1m}' })
  const ends: number[] = []
  // Six at once: each request waits for its answer on a connection of its own.
  const open = await Promise.all(Array.from({ length: 6 }, () => connect(port)))
  for (const client of open) t.teardown(() => client.destroy())
  const all = async () => {
    for (const client of open) client.send(get('/'))
    await Promise.all(open.map((client, i) => answers(client, i)))
  }
  const seen = open.map(() => 0)
  const answers = async (client: RawSocket, i: number) => {
    seen[i]!++
    await client.when('its answer', () => client.text.split('hi!').length > seen[i]!)
  }
  await all()
  const first = origin.peers.length
  for (let at = 0; at < 110; at++) {
    clock.advance(1000)
    await all()
    const left = origin.peers.slice(0, first).filter(({ ending }) => ending === 'open').length
    while (ends.length < first - left) ends.push(at + 1)
  }
  t.equal(ends.length, first)
  t.ok(first >= 3, `${first} connections`)
  t.ok(ends[0]! >= 90 && ends.at(-1)! <= 102, ends.join())
  t.ok(new Set(ends).size > 1, `not all at once: ${ends}`)
})

t.test('A connection that is idle does not outlive maxAge', async (t) => {
  const clock = new FakeClock()
  const { port, proxy } = await scene(t, HI, {
    clock,
    random: { fraction: () => 0, word: () => 1 },
    service: 'connections: {maxAge: 10s, idle: 1m}',
  })
  await ask(port, get('/1'))
  clock.advance(9_900)
  t.match((await state(proxy)).endpoints, [{ connections: 1, idle: 1 }])
  clock.advance(1_100)
  t.match((await state(proxy)).endpoints, [{ connections: 0, idle: 0 }])
})

t.test('A connection that the upstream ends while it is idle is not used again', async (t) => {
  const { port, origin, proxy } = await scene(t, HI)
  await ask(port, get('/1'))
  ;(await origin.peer(0)).halfClose()
  await eventually('it', async () => (await state(proxy)).endpoints[0]?.connections === 0)
  t.equal((await ask(port, get('/2'))).status, 200)
  t.equal(origin.peers.length, 2)
})

t.test('A connection on which the upstream says something unasked is not used again', async (t) => {
  const { port, origin, proxy } = await scene(t, HI)
  await ask(port, get('/1'))
  ;(await origin.peer(0)).send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison')
  await eventually('it', async () => (await state(proxy)).endpoints[0]?.connections === 0)
  const got = await ask(port, get('/2'))
  t.equal(got.body.toString(), 'hi!')
  t.equal(origin.peers.length, 2)
})

t.test('Bytes behind an answer belong to nobody, and end the connection', async (t) => {
  const { port, origin } = await scene(t, async (peer) => {
    await peer.request()
    peer.send(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`)
  })
  for (let i = 0; i < 2; i++) t.equal((await ask(port, get('/'))).body.toString(), 'hi!')
  t.equal(origin.peers.length, 2)
})

t.test('A connect that takes longer than timeout.connect is 504 connect_timeout', async (t) => {
  const silent = await silentAddress()
  t.teardown(() => silent.close())
  const { port } = await scene(t, HI, {
    yaml: `kind: Service\nname: far\nendpoints: ["127.0.0.1:${silent.port}"]\n---\n${policy('timeout: {connect: 50ms}', '{direction: outbound, service: far}')}`,
  })
  const got = await ask(port, get('/', 'Host: far'))
  t.strictSame([got.status, field(got, 'x-outrigger-reason')], [504, 'connect_timeout'])
})
