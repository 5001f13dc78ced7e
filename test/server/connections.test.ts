import t from 'tap'
import { answer, ask, field, get, post, request } from '../support/ask.ts'
import { readResponse } from '../support/read-message.ts'
import { answering } from '../support/raw-origin.ts'
import { HI, OK, scene } from '../support/scene.ts'

/** Says which request it answers. */
const ECHO = answering(({ target, body }) => {
  const text = `${target} ${body}`
  return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`
})

t.test('A connection serves one request after another, over one upstream connection', async (t) => {
  const { client, origin } = await scene(t, ECHO)
  const connection = await client()
  let at = 0
  for (const path of ['/1', '/2', '/3']) {
    connection.send(post(path, 'abc'))
    const got = await answer(connection, at)
    at = got.next
    t.equal(got.body.toString(), `${path} abc`)
    t.equal(field(got, 'connection'), undefined)
  }
  t.equal(origin.peers.length, 1)
})

t.test('Pipelined requests are answered in their order', async (t) => {
  const { client, origin } = await scene(t, async (peer) => {
    for (;;) {
      const { target } = await peer.request()
      peer.send(
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${target.length.toString(16)}\r\n${target}\r\n0\r\n\r\n`,
      )
    }
  })
  const connection = await client()
  const paths = Array.from({ length: 20 }, (_, i) => `/${i}`)
  connection.send(paths.map((path, i) => (i % 3 === 0 ? post(path, 'x'.repeat(i)) : get(path))).join(''))
  let at = 0
  for (const path of paths) {
    const got = await answer(connection, at)
    at = got.next
    t.equal(got.body.toString(), path)
  }
  t.equal(at, connection.received.length)
  t.strictSame(
    origin.requests.map(({ target }) => target),
    paths,
    'one at a time',
  )
})

t.test('Pipelined requests behind one that closes are not answered', async (t) => {
  const { client, origin } = await scene(t, HI)
  const connection = await client()
  connection.send(`${get('/1')}${get('/2', 'Connection: close')}${get('/3')}`)
  const all = (await connection.untilEnded()).toString()
  t.equal(all.split('HTTP/1.1 200').length, 3)
  t.match(all, /Connection: close\r\n\r\nhi!$/)
  t.equal(origin.requests.length, 2)
})

t.test('A client that says close gets close, and FIN behind the answer', async (t) => {
  const { client } = await scene(t, HI)
  const connection = await client()
  connection.send(get('/', 'Connection: close'))
  t.match((await connection.untilEnded()).toString(), /\r\nConnection: close\r\n[\s\S]*hi!$/)
  t.equal(connection.ending, 'fin')
})

t.test("The upstream's close concerns its own connection, not the client's", async (t) => {
  const { client, origin } = await scene(t, async (peer) => {
    await peer.request()
    peer.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nhi!').halfClose()
  })
  const connection = await client()
  let at = 0
  for (let i = 0; i < 3; i++) {
    connection.send(get('/'))
    const got = await answer(connection, at)
    at = got.next
    t.equal(field(got, 'connection'), undefined)
  }
  t.equal(origin.peers.length, 3)
})

t.test('An HTTP/1.0 client gets its answer and the end of the connection', async (t) => {
  const { client, origin } = await scene(t, HI)
  const connection = await client()
  connection.send('GET /old HTTP/1.0\r\nHost: origin\r\n\r\n')
  const all = (await connection.untilEnded()).toString()
  t.match(
    all,
    /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n\r\nhi!$|^HTTP\/1\.1 200 [\s\S]*Connection: close\r\n[\s\S]*hi!$/,
  )
  t.equal(origin.requests[0]?.start, 'GET /old HTTP/1.1')
})

t.test('An HTTP/1.0 client that asks for keep-alive is told of it, and kept', async (t) => {
  const { client } = await scene(t, HI)
  const connection = await client()
  for (let i = 1; i <= 2; i++) {
    connection.send('GET / HTTP/1.0\r\nHost: origin\r\nConnection: keep-alive\r\n\r\n')
    await connection.when('the answer', () => connection.text.split('hi!').length > i)
  }
  t.equal(connection.text.split('Connection: keep-alive\r\n').length, 3)
})

t.test(
  'A chunked answer reaches an HTTP/1.0 client without chunks, ended by close even where it asked for keep-alive',
  async (t) => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\nX-T: 1\r\n\r\n'
    const { client } = await scene(
      t,
      answering(() => chunked),
    )
    const connection = await client()
    connection.send('GET / HTTP/1.0\r\nHost: origin\r\nConnection: keep-alive\r\n\r\n')
    const all = (await connection.untilEnded()).toString()
    t.match(all, /\r\n\r\nabcdef$/)
    t.match(all, /\r\nConnection: close\r\n/)
    t.notMatch(all, /Transfer-Encoding|Content-Length/i)
    t.equal(connection.ending, 'fin')
  },
)

t.test('An HTTP/1.0 client without Host has no service', async (t) => {
  const { client } = await scene(t, HI)
  const connection = await client()
  connection.send('GET / HTTP/1.0\r\n\r\n')
  t.match((await connection.untilEnded()).toString(), /^HTTP\/1\.1 404 /)
})

t.test('Inbound an HTTP/1.0 client needs no Host', async (t) => {
  const { client, origin } = await scene(t, HI, { inbound: true })
  const connection = await client()
  connection.send('GET / HTTP/1.0\r\n\r\n')
  t.match((await connection.untilEnded()).toString(), /^HTTP\/1\.1 200 /)
  t.equal(origin.requests.length, 1)
})

t.test('HEAD, 204 and 304 have no body, whatever their fields say, and the connection goes on', async (t) => {
  const answers: Record<string, string> = {
    '/head': 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: "a"\r\n\r\n',
    '/head-chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    '/204': 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n',
    '/304': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n',
    '/last': OK,
  }
  const { client, origin } = await scene(
    t,
    answering(({ target }) => answers[target] as string),
  )
  const connection = await client()
  let at = 0
  for (const [path, status, method] of [
    ['/head', 200, 'HEAD'],
    ['/head-chunked', 200, 'HEAD'],
    ['/204', 204, 'GET'],
    ['/304', 304, 'GET'],
    ['/last', 200, 'GET'],
  ] as const) {
    connection.send(request(`${method} ${path}`))
    const got = await answer(connection, at, method)
    at = got.next
    t.equal(got.status, status, path)
    if (path === '/head' || path === '/304') t.equal(field(got, 'content-length'), '1000', path)
  }
  t.equal(at, connection.received.length)
  t.equal(origin.peers.length, 1, 'and the upstream connection too')
})

t.test('An answer without framing goes on as chunks, and the client connection stays', async (t) => {
  const { client, origin } = await scene(t, async (peer) => {
    await peer.request()
    peer.send('HTTP/1.1 200 OK\r\n\r\nall of').send(' it').halfClose()
  })
  const connection = await client()
  connection.send(get('/'))
  const got = await answer(connection)
  t.equal(got.framing, 'chunked')
  t.equal(got.body.toString(), 'all of it')
  connection.send(get('/'))
  await answer(connection, got.next)
  t.equal(origin.peers.length, 2)
})

t.test('An HTTP/1.0 upstream is understood', async (t) => {
  const { port, origin } = await scene(t, async (peer) => {
    await peer.request()
    peer.send('HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi!').halfClose()
  })
  t.equal((await ask(port, get('/'))).body.toString(), 'hi!')
  t.equal((await ask(port, get('/'))).body.toString(), 'hi!')
  t.equal(origin.peers.length, 2)
})

t.test('An answer that breaks off is never made to look whole', async (t) => {
  for (const [version, ending] of [
    ['HTTP/1.1', 'fin'],
    ['HTTP/1.0', 'reset'],
  ] as const) {
    const { client, origin } = await scene(t, async (peer) => {
      await peer.request()
      peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    })
    const connection = await client()
    connection.send(`GET / ${version}\r\nHost: origin\r\n\r\n`)
    await connection.until('abc')
    ;(await origin.peer(0)).reset()
    await connection.untilEnded()
    t.equal(connection.ending, ending, version)
    t.equal(readResponse(connection.received), undefined, 'not whole')
  }
})

t.test('Absolute-form names the host, whatever Host says; origin-form is forwarded', async (t) => {
  const { port, origin } = await scene(t, HI)
  for (const [target, seen] of [
    ['http://origin/a?b=c', '/a?b=c'],
    ['http://origin', '/'],
    ['HTTP://ORIGIN?x', '/?x'],
    ['http://origin:80/p', '/p'],
  ] as const) {
    t.equal((await ask(port, get(target, 'Host: elsewhere'))).status, 200, target)
    t.equal(origin.requests.at(-1)?.target, seen, target)
  }
  t.equal(field(origin.requests[0]!, 'host'), 'origin')
  t.equal((await ask(port, get('http://elsewhere/', 'Host: origin'))).status, 404)
  t.equal((await ask(port, request('OPTIONS *'))).status, 200)
  t.equal(origin.requests.at(-1)?.target, '*')
})

t.test('The target is forwarded as it was sent', async (t) => {
  const { port, origin } = await scene(t, HI)
  for (const target of ['/%61//b/./c/../d;x=1?q=%20&&#'.replace('#', ''), '/a%2fb', '/?', '//origin/x']) {
    t.equal((await ask(port, get(target))).status, 200, target)
    t.equal(origin.requests.at(-1)?.target, target)
  }
})

t.test('A head and a body may come in pieces of any size', async (t) => {
  const { client } = await scene(t, ECHO)
  const text = `${post('/a', 'hello')}${request('POST /b', ['Transfer-Encoding: chunked'])}3\r\nabc\r\n0\r\n\r\n${get('/c')}`
  const connection = await client()
  await connection.sendCut(
    text,
    Array.from({ length: text.length - 1 }, (_, i) => i + 1),
  )
  let at = 0
  for (const wanted of ['/a hello', '/b abc', '/c ']) {
    const got = await answer(connection, at)
    at = got.next
    t.equal(got.body.toString(), wanted)
  }
})
