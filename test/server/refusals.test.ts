import t from 'tap'
import { ask, eventually, field, get, metric, post, request, state, told } from '../support/ask.ts'
import { answering } from '../support/raw-origin.ts'
import { HI, OK, scene } from '../support/scene.ts'

t.test('A host no Service names gets 404 route_not_found, in all the places we say so', async (t) => {
  const { port, origin } = await scene(t, HI)
  const got = await ask(port, get('/x', 'Host: elsewhere'))
  t.equal(got.status, 404)
  t.equal(field(got, 'proxy-status'), 'outrigger; error=destination_not_found; details="route_not_found"')
  t.equal(field(got, 'x-outrigger-reason'), 'route_not_found')
  t.equal(field(got, 'content-type'), 'application/json')
  t.match(told(got), { reason: 'route_not_found', message: String })
  t.equal(field(got, 'x-outrigger-attempts'), undefined)
  t.equal(origin.peers.length, 0)
})

t.test('A refused request leaves the connection open for the next', async (t) => {
  const { client } = await scene(t, HI)
  const connection = await client()
  connection.send(get('/', 'Host: elsewhere'))
  await connection.until('}}\n')
  connection.send(get('/'))
  t.ok((await connection.until('hi!')).endsWith(OK.slice(-3)))
})

const MALFORMED: Record<string, string> = {
  'no method': ' / HTTP/1.1\r\nHost: origin\r\n\r\n',
  'no version': 'GET /\r\nHost: origin\r\n\r\n',
  'another version': 'GET / HTTP/2.0\r\nHost: origin\r\n\r\n',
  'no Host': 'GET / HTTP/1.1\r\n\r\n',
  'two Hosts': request('GET /', ['Host: origin', 'Host: origin']),
  'bare LF': 'GET / HTTP/1.1\nHost: origin\n\n',
  'obs-fold': request('GET /', ['A: b\r\n c']),
  'space before the colon': request('GET /', ['A : b']),
  'NUL in a value': request('GET /', ['A: b\0c']),
  'length and chunked': request('POST /', ['Content-Length: 3', 'Transfer-Encoding: chunked']),
  'two lengths': request('POST /', ['Content-Length: 3', 'Content-Length: 4']),
  'a length that is none': request('POST /', ['Content-Length: +3']),
  'gzip, chunked': request('POST /', ['Transfer-Encoding: gzip, chunked']),
  'a second, empty Transfer-Encoding': request('POST /', ['Transfer-Encoding: chunked', 'Transfer-Encoding:']),
  'TLS to a plain port': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
}

t.test('A malformed request gets 400 and the end of the connection, and is never forwarded', async (t) => {
  const { client, origin, proxy } = await scene(t, HI)
  for (const [what, text] of Object.entries(MALFORMED)) {
    const connection = await client()
    connection.send(text)
    const all = (await connection.untilEnded()).toString('latin1')
    t.match(all, /^HTTP\/1\.1 400 /, what)
    t.match(all, /\r\nx-outrigger-reason: protocol_error_downstream\r\n/, what)
    t.match(all, /\r\nConnection: close\r\n/, what)
    t.equal(all.split('HTTP/1.1 ').length, 2, `${what}: one answer`)
  }
  t.equal(origin.peers.length, 0)
  const wanted = Object.keys(MALFORMED).length
  t.equal(await metric(proxy, 'outrigger_refused_total', 'reason="protocol_error_downstream"'), wanted)
})

t.test('What follows a malformed request on its connection is not answered', async (t) => {
  const { client, origin } = await scene(t, HI)
  const connection = await client()
  connection.send(`${get('/good')}${request('GET /bad', ['A : b'])}${get('/after')}`)
  const all = (await connection.untilEnded()).toString('latin1')
  t.match(all, /^HTTP\/1\.1 200 OK\r\n[\s\S]*hi!HTTP\/1\.1 400 /)
  t.equal(all.split('HTTP/1.1 ').length, 3)
  t.strictSame(
    origin.requests.map(({ target }) => target),
    ['/good'],
  )
})

t.test('A chunk that breaks the rules gets 400, and the upstream gets no whole request', async (t) => {
  const { client, origin } = await scene(t, HI)
  const connection = await client()
  connection.send(`${request('POST /', ['Transfer-Encoding: chunked'])}3\r\nabc\r\nxyz\r\n`)
  const all = (await connection.untilEnded()).toString('latin1')
  t.match(all, /^HTTP\/1\.1 400 /)
  t.match(all, /protocol_error_downstream/)
  t.equal(origin.requests.length, 0)
  for (const peer of origin.peers) await peer.untilEnded()
})

t.test('A header section over limits.maxHeaderBytes gets 431 and the end', async (t) => {
  const { client, origin } = await scene(t, HI, { sidecar: 'limits: {maxHeaderBytes: 1KiB}' })
  const one = await client()
  one.send(get('/', `A: ${'x'.repeat(2000)}`))
  t.match((await one.untilEnded()).toString(), /^HTTP\/1\.1 431 [\s\S]*x-outrigger-reason: header_too_large\r\n/)
  const neverEnding = await client()
  neverEnding.send(`GET / HTTP/1.1\r\nA: ${'x'.repeat(2000)}`)
  t.match((await neverEnding.untilEnded()).toString(), /^HTTP\/1\.1 431 /, 'without waiting for its end')
  t.equal(origin.peers.length, 0)
})

t.test('More fields than limits.maxHeaders get 431', async (t) => {
  const { client, origin } = await scene(t, HI, { sidecar: 'limits: {maxHeaders: 10}' })
  const connection = await client()
  connection.send(get('/', ...Array.from({ length: 10 }, (_, i) => `A${i}: b`)))
  t.match((await connection.untilEnded()).toString(), /^HTTP\/1\.1 431 /)
  t.equal(origin.peers.length, 0)
})

t.test('A declared body over limits.maxRequestBytes gets 413 before it is sent', async (t) => {
  const { client, origin } = await scene(t, HI, { sidecar: 'limits: {maxRequestBytes: 1KiB}' })
  const connection = await client()
  connection.send(request('POST /', ['Content-Length: 1025']))
  t.match(
    (await connection.untilEnded()).toString(),
    /^HTTP\/1\.1 413 [\s\S]*x-outrigger-reason: payload_too_large\r\n/,
  )
  t.equal(origin.requests.length, 0)
  t.equal((await ask((await client()).socket.remotePort as number, post('/', 'x'.repeat(1024)))).status, 200, 'exactly')
})

t.test(
  'A chunked body that grows over limits.maxRequestBytes gets 413, and the upstream no whole request',
  async (t) => {
    const { client, origin } = await scene(t, HI, { sidecar: 'limits: {maxRequestBytes: 1KiB}' })
    const connection = await client()
    connection.send(request('POST /', ['Transfer-Encoding: chunked']))
    connection.send(`200\r\n${'x'.repeat(0x200)}\r\n`)
    await origin.peer(0)
    connection.send(`201\r\n${'x'.repeat(0x201)}\r\n0\r\n\r\n`)
    t.match((await connection.untilEnded()).toString(), /^HTTP\/1\.1 413 /)
    await (await origin.peer(0)).untilEnded()
    t.equal(origin.requests.length, 0)
  },
)

t.test('A target that climbs above the root is 400, and is not forwarded', async (t) => {
  const { port, origin } = await scene(t, HI)
  for (const target of ['/../x', '/a/%2e%2e/%2E%2e/x', '/a\\b']) {
    t.equal((await ask(port, get(target))).status, 400, target)
  }
  t.equal(origin.peers.length, 0)
})

t.test('More connections than limits.maxConnections are closed at once; one that ends makes room', async (t) => {
  const { client, proxy } = await scene(t, HI, { sidecar: 'limits: {maxConnections: 2}' })
  const [first, second] = [await client(), await client()]
  first.send(get('/'))
  second.send(get('/'))
  await first.until('hi!')
  await second.until('hi!')
  const third = await client()
  await third.untilEnded()
  t.equal(third.text, '')
  first.destroy()
  await eventually('room', async () => (await state(proxy)).connections.outbound === 1)
  const fourth = await client()
  fourth.send(get('/'))
  await fourth.until('hi!')
})

t.test('Nonsense of every kind ends its connection and nothing else', async (t) => {
  const { client, port } = await scene(
    t,
    answering(() => OK),
  )
  for (const bytes of ['\0', '\r\n'.repeat(20), 'GET', '\xff\xfe\xfd', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
    const connection = await client()
    connection.send(bytes).halfClose()
    await connection.untilEnded()
  }
  t.equal((await ask(port, get('/'))).status, 200)
})
