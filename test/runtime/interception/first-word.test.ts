/** Who has the first word on a redirected connection, and what that makes of it. */
import t from 'tap'
import { PREFACE } from '../../../src/http2/frames.ts'
import { answer, get, metric } from '../../support/ask.ts'
import type { FakeClock } from '../../support/fake-clock.ts'
import { request, settings, SETTINGS_ACK } from '../../support/http2-raw.ts'
import { services } from '../../support/proxy.ts'
import { turn } from '../../support/raw.ts'
import { answering, type Script } from '../../support/raw-origin.ts'
import { silentAddress } from '../../support/silent-address.ts'
import { BARE, redirectedWorld } from '../../support/redirected-world.ts'

const OPEN = 'outrigger_opaque_connections_opened_total'
const ENDED = 'outrigger_opaque_connections_closed_total'

const greeting: Script = (peer) => void peer.send('220 hello\r\n')
const silent: Script = () => {}
const http = answering(() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')

/** Turns in which a connection of the proxy's comes about, if one does. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn()
}

/** Time in which nothing is said; each step of the proxy sees its own moment. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  const steps = [16, 152 - 16, 200].filter((step) => step < ms)
  let left = ms
  for (const step of steps) {
    const now = Math.min(step, left)
    clock.advance(now)
    left -= now
    await turns()
  }
  clock.advance(left)
  await turns()
}

t.test('A client that speaks at once: nobody else is connected to', async (t) => {
  const { origin, clock, client } = await redirectedWorld(t, http)
  const one = await client()
  one.send(get('/'))
  t.equal((await answer(one)).status, 200)
  clock.advance(300)
  await turns()
  t.equal(origin.peers.length, 1)
})

for (const direction of ['inbound', 'outbound'] as const) {
  t.test(`${direction}, a server that speaks first is heard as soon as it speaks`, async (t) => {
    const { proxy, origin, clock, client } = await redirectedWorld(t, greeting)
    const one = await client(direction)
    clock.advance(10)
    await turns()
    t.equal(origin.peers.length, 0, 'a client gets a moment to say something')
    clock.advance(10)
    await one.until('220 hello')
    t.equal(clock.now(), 20)
    t.equal(await metric(proxy, OPEN, `direction="${direction}"`, 'why="server_first"'), 1)
    // Both ways are open.
    one.send('HELO\r\n')
    await (await origin.peer(0)).until('HELO')
  })
}

t.test('A server that takes a while for its first word', async (t) => {
  let speak = (): void => {}
  const { proxy, clock, client } = await redirectedWorld(t, (peer) => {
    speak = () => void peer.send('220 late')
  })
  const one = await client()
  await pass(clock, 500)
  speak()
  await one.until('220 late')
  t.equal(await metric(proxy, OPEN, 'why="server_first"'), 1)
})

for (const late of [25, 150, 250, 60_000]) {
  t.test(
    `A client whose request comes after ${late} ms meets its policies, not the connection kept for bytes`,
    async (t) => {
      const policy =
        'kind: Policy\nname: p\nmatch: {direction: outbound, service: shop}\nrateLimit: {rate: 1/h, burst: 1}\n'
      const yaml = services({ shop: 1 }, policy).replace(':1"', ':ORIGIN"')
      const { proxy, origin, clock, client } = await redirectedWorld(t, http, yaml)
      const one = await client()
      clock.advance(16)
      const spare = await origin.peer(0)
      await turns()
      clock.advance(late - 16)
      await turns()
      one.send(get('/', 'Host: shop'))
      t.equal((await answer(one)).status, 200)
      const second = one.received.length
      one.send(get('/', 'Host: shop'))
      t.equal((await answer(one, second)).status, 429)
      await spare.untilEnded()
      t.equal(spare.text, '', 'of what the client says nothing came there')
      t.equal(await metric(proxy, OPEN), 0)
    },
  )
}

for (const begun of [0, 10])
  t.test(
    `A server of HTTP/2 that does not wait for its client decides nothing: ${begun} bytes of the preface, the rest late`,
    async (t) => {
      const policy =
        'kind: Policy\nname: p\nmatch: {direction: outbound, service: shop}\nrateLimit: {rate: 1/h, burst: 1}\n'
      const first: Script = (peer) => void peer.send(Buffer.concat([settings(), SETTINGS_ACK]))
      const yaml = services({ shop: 1 }, policy).replace(':1"', ':ORIGIN"')
      const { proxy, origin, clock, client } = await redirectedWorld(t, first, yaml)
      const one = await client()
      one.send(PREFACE.subarray(0, begun))
      await turns()
      clock.advance(16)
      const spare = await origin.peer(0)
      // It is told at once what it speaks to.
      await one.when('SETTINGS', () => one.received.length >= 9)
      t.equal(one.received[3], 4)
      await spare.untilEnded()
      await pass(clock, 60_000)
      const asked = [1, 3].map((id) => request(id, { authority: 'shop', path: '/nothing' }))
      one.send(Buffer.concat([PREFACE.subarray(begun), settings(), ...asked]))
      await one.until('rate_limited')
      t.equal(spare.text, '', 'of what the client says nothing came there')
      t.equal(await metric(proxy, OPEN), 0)
    },
  )

t.test('Bytes that are no HTTP take the connection that stands already', async (t) => {
  const { origin, clock, client } = await redirectedWorld(
    t,
    async (peer) => void peer.send(`${await peer.until('PING')} PONG`),
  )
  const one = await client()
  clock.advance(16)
  await origin.peer(0)
  one.send('*1\r\n$4\r\nPING')
  await one.until('PONG')
  t.equal(origin.peers.length, 1)
})

t.test('Half a request line late: it is waited for once more, then it passes as it is', async (t) => {
  const { proxy, origin, clock, client } = await redirectedWorld(t, silent)
  const one = await client()
  await pass(clock, 1000)
  one.send('GE')
  await turns()
  clock.advance(100)
  await turns()
  t.equal((await origin.peer(0)).text, '')
  clock.advance(100)
  await (await origin.peer(0)).until('GE')
  t.equal(await metric(proxy, OPEN, 'why="silence"'), 1)
})

t.test('Both are silent for as long as a connection may be idle: it ends by a reset, and is counted', async (t) => {
  const { proxy, origin, clock, client } = await redirectedWorld(t, silent)
  const one = await client()
  await pass(clock, 3_599_000)
  const peer = await origin.peer(0)
  t.equal(one.ending, 'open')
  clock.advance(2000)
  await turns()
  clock.advance(10)
  await one.untilClosed()
  await peer.untilClosed()
  t.equal(one.ending, 'reset')
  t.equal(await metric(proxy, ENDED, 'reason="idle_timeout"'), 1)
})

t.test('Nobody listens there: a silent client learns it when the detection time is over', async (t) => {
  const { proxy, origin, clock, client } = await redirectedWorld(t, silent)
  const { port } = origin
  await origin.close()
  const one = await client('outbound', { host: '127.0.0.1', port })
  await pass(clock, 100)
  t.equal(one.ending, 'open', 'it may still ask for a Service that is elsewhere')
  clock.advance(100)
  await one.untilClosed()
  t.equal(one.ending, 'reset')
  t.equal(await metric(proxy, ENDED, 'reason="connect_failure"'), 1)
})

t.test('Nobody listens where a client was going; the Service that it then names is elsewhere', async (t) => {
  const { origin, clock, client } = await redirectedWorld(t, http, services({ shop: 1 }).replace(':1"', ':ORIGIN"'))
  const one = await client('outbound', { host: '127.0.0.1', port: 1 })
  await pass(clock, 120)
  one.send(get('/', 'Host: shop'))
  t.equal((await answer(one)).status, 200)
  t.equal(origin.requests.length, 1)
})

t.test('A server that ends without a word: so does the connection, and a reset stays one', async (t) => {
  const { proxy, clock, client } = await redirectedWorld(t, async (peer, index) => {
    await turns()
    if (index === 0) peer.halfClose()
    else peer.reset()
  })
  for (const [index, ending] of (['fin', 'reset'] as const).entries()) {
    const one = await client()
    await pass(clock, 200)
    await one.untilEnded()
    t.equal(one.ending, ending)
    one.halfClose()
    await one.untilClosed()
    t.equal(await metric(proxy, OPEN, 'why="silence"'), index + 1)
  }
  t.equal(await metric(proxy, ENDED, 'reason="upstream_reset"'), 1)
})

t.test('Where nobody answers a silent client learns it after the detection time and the connect timeout', async (t) => {
  const nobody = await silentAddress()
  t.teardown(() => nobody.close())
  const { proxy, clock, client } = await redirectedWorld(t, silent)
  const one = await client('outbound', { host: '127.0.0.1', port: nobody.port })
  await pass(clock, 1000)
  t.equal(one.ending, 'open')
  await pass(clock, 100)
  await one.untilEnded()
  t.equal(one.ending, 'reset')
  t.equal(await metric(proxy, ENDED, 'reason="connect_timeout"'), 1)
})

t.test('A client that leaves without a word takes the connection with it', async (t) => {
  const { origin, clock, client } = await redirectedWorld(t, silent)
  const one = await client()
  clock.advance(16)
  const peer = await origin.peer(0)
  one.reset()
  await peer.untilEnded()
  const two = await client()
  clock.advance(16)
  const other = await origin.peer(1)
  two.halfClose()
  await other.untilEnded()
  other.send('the time is 7')
  await two.until('the time is 7')
})

t.test('TLS that comes late goes to the Service of its name', async (t) => {
  const { origin, clock, client } = await redirectedWorld(t, silent)
  const one = await client()
  await pass(clock, 100)
  // A ClientHello without extensions: it names nobody.
  const hello = Buffer.from(`16030100310100002d0303${'00'.repeat(32)}0000021301010000020000`, 'hex')
  one.send(hello)
  await (await origin.peer(0)).when('the hello', () => origin.peers[0]?.received.length === hello.length)
  t.equal(origin.peers.length, 1)
})

t.test('What waits in the kernel when the time is over was not late', async (t) => {
  const { proxy, clock, client } = await redirectedWorld(t, http)
  const one = await client()
  one.send(get('/'))
  // The event loop was held until now: the clock has moved, and nothing was read in between.
  clock.advance(500)
  t.equal((await answer(one)).status, 200)
  t.equal(await metric(proxy, OPEN), 0)
})

t.test('A drain ends connections on which nobody has said anything', async (t) => {
  const { proxy, origin, clock, client } = await redirectedWorld(t, silent, `${BARE}drain: {wait: 1ms, timeout: 20s}\n`)
  const one = await client()
  await pass(clock, 300)
  const peer = await origin.peer(0)
  const drained = proxy.drain()
  for (let i = 0; i < 10; i++) {
    clock.advance(100)
    await turn()
  }
  await drained
  await one.untilEnded()
  await peer.untilEnded()
})
