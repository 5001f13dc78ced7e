import t from 'tap'
import { answer, field, get, metric, post } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { services, startProxy } from '../support/proxy.ts'
import { connect, type RawSocket, turn } from '../support/raw.ts'
import { answering, type Script, startRawOrigin } from '../support/raw-origin.ts'

const POLICY = `kind: Policy
name: origin
match: {direction: outbound, service: origin}
bulkhead: {maxConcurrent: 100}
---
kind: Policy
name: denied
match: {direction: outbound, service: origin, routes: [{path: /faulty}]}
fault: {percent: 100%, abort: {status: 503}, until: 2099-01-01T00:00:00Z}
`

const UNGUARDED = 'outrigger_opaque_unguarded_total'
const hello = answering(({ start }) => `HTTP/1.1 200 OK\r\nContent-Length: ${start.length}\r\n\r\n${start}`)

async function world(t: { teardown(end: () => Promise<void>): void }, script: Script) {
  const origin = await startRawOrigin(script)
  const clock = new FakeClock()
  const proxy = await startProxy(services({ origin: origin.port }, POLICY), { clock })
  t.teardown(async () => {
    await proxy.stop()
    await origin.close()
  })
  const tunnel = async (host = 'origin:80'): Promise<RawSocket> => {
    const client = await connect(proxy.outbound)
    client.send(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    await client.until('\r\n\r\n')
    return client
  }
  return { origin, clock, proxy, tunnel }
}

/** Where the answer to CONNECT ends. */
const behind = (client: RawSocket) => client.text.indexOf('\r\n\r\n') + 4

t.test('HTTP in a tunnel to a Service with policies meets them, request by request', async (t) => {
  const { origin, proxy, tunnel } = await world(t, hello)
  const client = await tunnel()
  const from = behind(client)
  client.send(get('/v1', 'Host: whatever'))
  const good = await answer(client, from)
  t.equal(good.status, 200)
  t.match(origin.peers[0]?.text, /via: 1\.1 outrigger/i)
  client.send(get('/faulty', 'Host: whatever'))
  const bad = await answer(client, good.next)
  t.equal(bad.status, 503)
  t.equal(field(bad, 'x-outrigger-reason'), 'fault_injected')
  t.equal(origin.requests.length, 1)
  t.equal(await metric(proxy, UNGUARDED, 'destination="origin"'), 0)
})

t.test('A body goes through whole, and the end of the inner connection is the end of the tunnel', async (t) => {
  const { origin, tunnel } = await world(t, hello)
  const client = await tunnel()
  const from = behind(client)
  const body = 'x'.repeat(3_000_000)
  client.send(post('/up', body, 'Connection: close'))
  t.equal((await answer(client, from, 'POST')).status, 200)
  t.equal(origin.requests[0]?.body.length, body.length)
  await client.untilEnded()
})

t.test('A tunnel in the tunnel is refused', async (t) => {
  const { origin, tunnel } = await world(t, hello)
  const client = await tunnel()
  const from = behind(client)
  client.send('CONNECT origin:80 HTTP/1.1\r\nHost: origin:80\r\n\r\n')
  t.equal((await answer(client, from, 'CONNECT')).status, 404)
  t.equal(origin.peers.length, 0)
})

t.test('HTTP/2 in a tunnel is HTTP, too', async (t) => {
  const { origin, tunnel } = await world(t, hello)
  const client = await tunnel()
  const from = behind(client)
  client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00')
  await client.when('SETTINGS', () => client.received.length >= from + 9)
  t.equal(client.received[from + 3], 4)
  t.equal(origin.peers.length, 0)
})

t.test('What is no HTTP travels in a tunnel as before, and that is told', async (t) => {
  const { proxy, origin, tunnel } = await world(t, async (peer) => {
    peer.send(`echo ${await peer.until('\x02')}`)
    await peer.untilEnded()
    peer.send(' bye').halfClose()
  })
  const client = await tunnel()
  client.send('\x01\x02')
  await client.until('echo \x01\x02')
  client.halfClose()
  await client.until(' bye')
  await client.untilEnded()
  t.equal(origin.peers.length, 1)
  t.equal(await metric(proxy, UNGUARDED, 'destination="origin"'), 1)
  t.ok(proxy.log.some((line) => line.includes('pass as bytes though policies match')))
})

t.test('A server that speaks first is heard once the detection time is over', async (t) => {
  const { clock, origin, tunnel } = await world(t, (peer) => void peer.send('220 hello'))
  const client = await tunnel()
  await turn()
  t.equal(origin.peers.length, 0)
  clock.advance(200)
  await client.until('220 hello')
})

t.test('What waits in the kernel when the detection time is over was not late', async (t) => {
  const { clock, tunnel } = await world(t, hello)
  const client = await tunnel()
  const from = behind(client)
  client.send(get('/faulty', 'Host: origin'))
  // The event loop was held until now: the clock has moved, and nothing was read in between.
  clock.advance(500)
  t.equal((await answer(client, from)).status, 503)
})

t.test('An upstream that cannot be reached, or breaks off, breaks the tunnel off', async (t) => {
  const { origin, tunnel } = await world(t, async (peer) => {
    await peer.until('\x01')
    peer.reset()
  })
  const client = await tunnel()
  client.send('\x01')
  await client.untilClosed()
  t.equal(client.ending, 'reset')
  await origin.close()
  const other = await tunnel()
  other.send('\x01')
  await other.untilClosed()
  t.equal(other.ending, 'reset')
})

t.test('A client that leaves, before or after it is known what it speaks, takes all with it', async (t) => {
  const { proxy, origin, tunnel } = await world(t, async (peer) => void (await peer.untilEnded()))
  const silent = await tunnel()
  silent.reset()
  const asking = await tunnel()
  asking.send(get('/slow', 'Host: origin'))
  await (await origin.peer(0)).head()
  asking.reset()
  await (await origin.peer(0)).untilEnded()
  await turn()
  t.equal(await metric(proxy, 'http_server_active_requests', 'destination="origin"'), 0)
})
