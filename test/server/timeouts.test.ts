import t from 'tap'
import { eventually, get, post, request } from '../support/ask.ts'
import { untilSteady } from '../support/flow.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/raw.ts'
import { HI, policy, scene } from '../support/scene.ts'

const HEAD = 'GET / HTTP/1.1\r\nHost: origin\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'

t.test('A head that comes byte by byte gets 408 head_timeout, counted from its first byte', async (t) => {
  const clock = new FakeClock()
  const { client, origin, proxy } = await scene(t, HI, { clock, sidecar: 'limits: {headTimeout: 10s}' })
  const connection = await client()
  for (let i = 0; i < HEAD.length && connection.text === ''; i++) {
    connection.send(HEAD.charAt(i))
    await turn()
    await turn()
    clock.advance(1000)
    await turn()
    if (i === 8) t.equal(connection.text, '', 'not early')
  }
  const all = (await connection.untilEnded()).toString()
  t.match(all, /^HTTP\/1\.1 408 [\s\S]*x-outrigger-reason: head_timeout\r\n/)
  t.match(all, /Connection: close/)
  t.equal(origin.peers.length, 0)
  t.strictSame(
    proxy.log.filter((line) => line.startsWith('error')),
    [],
  )
})

t.test('A connection that never says anything is closed after limits.idleTimeout, without an answer', async (t) => {
  const clock = new FakeClock()
  const { client } = await scene(t, HI, { clock, sidecar: 'limits: {idleTimeout: 60s}' })
  const silent = await client()
  const used = await client()
  used.send(get('/'))
  await used.until('hi!')
  clock.advance(59_000)
  await turn()
  t.equal(silent.ending, 'open')
  clock.advance(1100)
  await silent.untilEnded()
  await used.untilEnded()
  t.equal(silent.text, '')
  t.ok(used.text.endsWith('hi!'))
})

t.test('The idle timeout counts from the last answer', async (t) => {
  const clock = new FakeClock()
  const { client } = await scene(t, HI, { clock, sidecar: 'limits: {idleTimeout: 60s}' })
  const connection = await client()
  for (let i = 1; i <= 4; i++) {
    connection.send(get('/'))
    await connection.when('the answer', () => connection.text.split('hi!').length > i)
    clock.advance(40_000)
    await turn()
  }
  t.equal(connection.ending, 'open')
})

t.test('A body of known length that stops coming gets 408 body_timeout', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, HI, { clock })
  const connection = await client()
  connection.send(`${request('POST /', ['Content-Length: 1000'])}${'x'.repeat(300)}`)
  const peer = await origin.peer(0)
  await peer.until('xxx')
  clock.advance(10_100)
  t.match((await connection.untilEnded()).toString(), /^HTTP\/1\.1 408 [\s\S]*x-outrigger-reason: body_timeout\r\n/)
  await peer.untilEnded()
  t.equal(origin.requests.length, 0)
})

t.test('A body of known length that dribbles gets 408 body_timeout', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, HI, { clock })
  const connection = await client()
  connection.send(request('POST /', ['Content-Length: 100000']))
  const peer = await origin.peer(0)
  for (let i = 1; i <= 30 && connection.text === ''; i++) {
    connection.send('x')
    await peer.when('the byte', () => peer.closed || (peer.text.split('\r\n\r\n')[1] ?? '').length >= i)
    clock.advance(1000)
    await turn()
  }
  t.match((await connection.untilEnded()).toString(), /^HTTP\/1\.1 408 [\s\S]*body_timeout/)
})

t.test('An upload that moves is not timed out, however long it takes', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, HI, { clock })
  const connection = await client()
  const size = 60_000
  connection.send(request('POST /', [`Content-Length: ${size}`]))
  const peer = await origin.peer(0)
  for (let sent = 0; sent < size; ) {
    connection.send('x'.repeat(1000))
    sent += 1000
    await peer.when('the piece', () => (peer.text.split('\r\n\r\n')[1] ?? '').length >= sent || peer.closed)
    clock.advance(1000)
    await turn()
  }
  t.match(await connection.until('hi!'), /^HTTP\/1\.1 200 /)
})

t.test('The time of a body begins with its head, not with an earlier request', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, HI, { clock })
  const connection = await client()
  connection.send(post('/', 'x'.repeat(10)).slice(0, -1))
  const peer = await origin.peer(0)
  await peer.until('xxxxxxxxx')
  connection.send('x')
  await connection.until('hi!')
  clock.advance(9_900)
  connection.send(post('/', 'abc').slice(0, -1))
  await eventually('the second', () => origin.peers.some(({ text }) => text.endsWith('ab')))
  clock.advance(9_000)
  await turn()
  connection.send('c')
  await connection.when('the second answer', () => connection.text.split('hi!').length > 2)
  t.notMatch(connection.text, '408')
})

t.test('A client that waits for its 100 is not blamed for the upstream that is slow to give it', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, HI, { clock })
  const connection = await client()
  connection.send(request('POST /', ['Expect: 100-continue', 'Content-Length: 3']))
  const peer = await origin.peer(0)
  await peer.until('100-continue')
  clock.advance(35_000)
  await turn()
  t.equal(connection.text, '')
  peer.send('HTTP/1.1 100 Continue\r\n\r\n')
  await connection.until('100 Continue')
  clock.advance(9_000)
  await turn()
  connection.send('abc')
  await connection.until('hi!')
})

t.test('A client that is paused by a slow upstream is not blamed for it', async (t) => {
  const clock = new FakeClock()
  const { client, origin, proxy } = await scene(
    t,
    async (peer) => {
      await peer.head()
      peer.socket.pause()
    },
    { clock },
  )
  const connection = await client()
  const size = 32 * 1024 * 1024
  connection.send(request('POST /', [`Content-Length: ${size}`]))
  await origin.peer(0)
  connection.socket.write(Buffer.alloc(size))
  await untilSteady('the client to be blocked', () => connection.socket.bytesWritten)
  clock.advance(60_000)
  await turn()
  t.equal(connection.ending, 'open')
  t.strictSame(proxy.log, [])
})

t.test('A chunked body that stalls gets 408 stream_idle_timeout by timeout.idle', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, HI, { clock, yaml: policy('timeout: {idle: 1s}') })
  const connection = await client()
  connection.send(`${request('POST /', ['Transfer-Encoding: chunked'])}3\r\nabc\r\n`)
  const peer = await origin.peer(0)
  await peer.until('abc')
  clock.advance(1300)
  const all = (await connection.untilEnded()).toString()
  t.match(all, /^HTTP\/1\.1 408 [\s\S]*x-outrigger-reason: stream_idle_timeout\r\n/)
  await peer.untilEnded()
})

t.test('An upstream that stalls gets 504 stream_idle_timeout by timeout.idle', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, async (peer) => void (await peer.head()), {
    clock,
    yaml: policy('timeout: {idle: 1s}'),
  })
  const connection = await client()
  connection.send(post('/', 'abc'))
  await (await origin.peer(0)).until('abc')
  clock.advance(1300)
  t.match(await connection.until('}}\n'), /^HTTP\/1\.1 504 [\s\S]*x-outrigger-reason: stream_idle_timeout\r\n/)
})
