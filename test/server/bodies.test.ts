import t from 'tap'
import { answer, ask, eventually, field, get, post, request, state } from '../support/ask.ts'
import { values } from '../support/read-message.ts'
import { HI, OK, scene } from '../support/scene.ts'

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

t.test('A chunked request goes on chunked, with its trailers and without its extensions', async (t) => {
  const { port, origin } = await scene(t, HI)
  const body =
    '3;a=b;c="d;\\"e"\r\nabc\r\n00A;x\r\n0123456789\r\n0;last\r\nX-Sum: 13\r\nx-other: y\r\nContent-Length: 3\r\n\r\n'
  t.equal(
    (await ask(port, `${request('POST /', ['Transfer-Encoding: chunked', 'Trailer: X-Sum'])}${body}`)).status,
    200,
  )
  const [got] = origin.requests
  t.equal(got?.framing, 'chunked')
  t.equal(got?.body.toString(), 'abc0123456789')
  t.strictSame(got?.trailers, ['X-Sum', '13', 'x-other', 'y'], 'a trailer that frames is dropped')
})

t.test('A chunked answer goes on chunked, with its trailers and without its extensions', async (t) => {
  const { port } = await scene(t, async (peer) => {
    await peer.request()
    peer.send(`${CHUNKED}3;a=b\r\nabc\r\n0;z\r\nX-Sum: 3\r\n\r\n`)
  })
  const got = await ask(port, get('/'))
  t.equal(got.framing, 'chunked')
  t.equal(got.body.toString(), 'abc')
  t.strictSame(got.trailers, ['X-Sum', '3'])
})

t.test('A body of known length keeps its length both ways', async (t) => {
  const { port, origin } = await scene(t, HI)
  const got = await ask(port, post('/', 'abc'))
  t.equal(got.framing, 'length')
  t.equal(origin.requests[0]?.framing, 'length')
  t.equal(field(origin.requests[0]!, 'content-length'), '3')
})

t.test('A body of declared length 0 is declared to the upstream', async (t) => {
  const { port, origin } = await scene(t, HI)
  await ask(port, request('POST /', ['Content-Length: 0']))
  t.strictSame(values(origin.requests[0]!, 'content-length'), ['0'])
})

t.test('Pieces of an answer go on as they come', async (t) => {
  const { client, origin } = await scene(t, async (peer) => {
    await peer.request()
    peer.send(`${CHUNKED}3\r\none\r\n`)
  })
  const connection = await client()
  connection.send(get('/'))
  await connection.until('one')
  const peer = await origin.peer(0)
  peer.send('3\r\ntwo\r\n')
  await connection.until('two')
  peer.send('0\r\n\r\n')
  t.equal((await answer(connection)).body.toString(), 'onetwo')
})

t.test('Pieces of a request go on as they come', async (t) => {
  const { client, origin } = await scene(t, HI)
  const connection = await client()
  connection.send(`${request('POST /', ['Transfer-Encoding: chunked'])}3\r\none\r\n`)
  const peer = await origin.peer(0)
  await peer.until('one')
  connection.send('3\r\ntwo\r\n')
  await peer.until('two')
  connection.send('0\r\n\r\n')
  await answer(connection)
})

t.test(
  'An answer before its request is whole: it reaches the client, and neither connection is used again',
  async (t) => {
    const { client, origin, proxy } = await scene(t, async (peer) => {
      await peer.head()
      peer.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno')
    })
    const connection = await client()
    connection.send(`${request('POST /', ['Content-Length: 100000'])}${'x'.repeat(1000)}`)
    t.match(await connection.until('no'), /^HTTP\/1\.1 413 /)
    await (await origin.peer(0)).untilEnded()
    // What it still sends is read and thrown away: no reset costs it the answer.
    connection.send('x'.repeat(50_000))
    await connection.untilEnded()
    t.equal(connection.ending, 'fin')
    connection.halfClose()
    await eventually('nothing left', async () => (await state(proxy)).connections.outbound === 0)
  },
)

t.test('An early answer of ours says close, and what the client still sends does not cost it the answer', async (t) => {
  const { client, origin } = await scene(t, HI)
  const connection = await client()
  connection.send(request('POST /', ['Host: elsewhere', 'Content-Length: 1000000']))
  connection.send('x'.repeat(500_000))
  t.match((await connection.untilEnded()).toString(), /^HTTP\/1\.1 404 [\s\S]*Connection: close\r\n/)
  t.equal(connection.ending, 'fin')
  t.equal(origin.peers.length, 0)
})

t.test('A client with Expect gets the 100 of the upstream, then sends', async (t) => {
  const { client, origin } = await scene(t, async (peer) => {
    await peer.head()
    peer.send('HTTP/1.1 100 Continue\r\n\r\n')
    await peer.request()
    peer.send(OK)
  })
  const connection = await client()
  connection.send(request('POST /', ['Expect: 100-continue', 'Content-Length: 3']))
  t.equal(await connection.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
  t.match((await origin.peer(0)).text, /\r\nExpect: 100-continue\r\n/)
  connection.send('abc')
  const got = await answer(connection)
  t.equal(got.status, 200)
  t.equal(got.informational.length, 1)
  t.equal(origin.requests[0]?.body.toString(), 'abc')
})

t.test('We never say 100 by ourselves', async (t) => {
  const { client, origin } = await scene(t, HI)
  const connection = await client()
  connection.send(request('POST /', ['Expect: 100-continue', 'Content-Length: 3']))
  await (await origin.peer(0)).head()
  t.equal(connection.text, '')
  connection.send('abc')
  const got = await answer(connection)
  t.strictSame([got.status, got.informational.length], [200, 0])
})

t.test('A final answer in place of the 100 reaches the client and closes', async (t) => {
  const { client, origin } = await scene(t, async (peer) => {
    await peer.head()
    peer.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno')
  })
  const connection = await client()
  connection.send(request('POST /', ['Expect: 100-continue', 'Content-Length: 3']))
  const all = (await connection.untilEnded()).toString()
  t.match(all, /^HTTP\/1\.1 417 [\s\S]*\r\nConnection: close\r\n[\s\S]*no$/)
  await (await origin.peer(0)).untilEnded()
})

t.test('103 Early Hints go on, any number of them, and not to an HTTP/1.0 client', async (t) => {
  const { client } = await scene(t, async (peer) => {
    for (;;) {
      await peer.request()
      peer.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
      peer.send('HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n')
      peer.send(OK)
    }
  })
  const connection = await client()
  connection.send(get('/'))
  const got = await answer(connection)
  t.strictSame(
    got.informational.map((head) => [head.status, field(head, 'link')]),
    [
      [103, '</a>'],
      [103, '</b>'],
    ],
  )
  const old = await client()
  old.send('GET / HTTP/1.0\r\nHost: origin\r\n\r\n')
  t.match((await old.untilEnded()).toString(), /^HTTP\/1\.1 200 /)
})
