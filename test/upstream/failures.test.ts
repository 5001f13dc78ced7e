import t from 'tap'
import { answer, ask, eventually, field, get, post, state, told } from '../support/ask.ts'
import { HI, OK, policy, scene } from '../support/scene.ts'

const DOWN = 'kind: Service\nname: down\nendpoints: ["127.0.0.1:1"]\n'

t.test('An upstream that is down is 502 connect_failure, with the service named and no address', async (t) => {
  const { port } = await scene(t, HI, { yaml: DOWN })
  const got = await ask(port, get('/', 'Host: down'))
  t.equal(got.status, 502)
  t.equal(field(got, 'proxy-status'), 'outrigger; error=connection_refused; details="connect_failure"')
  t.equal(field(got, 'x-outrigger-reason'), 'connect_failure')
  t.match(told(got), { reason: 'connect_failure', service: 'down' })
  t.notMatch(got.body.toString() + got.fields.join(), '127.0.0.1')
})

t.test('An upload to an upstream that is down gets its 502, however large it is', async (t) => {
  const { client } = await scene(t, HI, { yaml: DOWN })
  const connection = await client()
  connection.send(post('/', 'x'.repeat(1_000_000), 'Host: down'))
  t.equal((await answer(connection)).status, 502)
})

t.test('A name that does not resolve is 502 dns_failure', async (t) => {
  const { port } = await scene(t, HI, { yaml: 'kind: Service\nname: lost\nendpoints: ["nobody.invalid:80"]\n' })
  const got = await ask(port, get('/', 'Host: lost'))
  t.equal(got.status, 502)
  t.equal(field(got, 'x-outrigger-reason'), 'dns_failure')
})

t.test('A service without an endpoint is 503 no_endpoints', async (t) => {
  const { port } = await scene(t, HI, { yaml: 'kind: Service\nname: empty\nendpoints: []\n' })
  const got = await ask(port, get('/', 'Host: empty'))
  t.equal(got.status, 503)
  t.equal(field(got, 'x-outrigger-reason'), 'no_endpoints')
})

const NONSENSE: Record<string, string> = {
  'no HTTP': 'SSH-2.0-OpenSSH\r\n\r\n',
  'HTTP/2': '\0\0\x12\x04\0\0\0\0\0',
  'a head that is too large': `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(70_000)}\r\n\r\n`,
  'both framings': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
  'status 99': 'HTTP/1.1 99 Odd\r\n\r\n',
  'bare LF': 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
  '1xx without end': 'HTTP/1.1 103 Hint\r\n\r\n'.repeat(40),
}

t.test('An upstream that speaks nonsense is 502 protocol_error_upstream, and its connection ends', async (t) => {
  const { client, origin, proxy } = await scene(t, async (peer) => {
    const { target } = await peer.request()
    peer.send(Object.values(NONSENSE)[Number(target.slice(1))] as string)
  })
  for (const [i, what] of Object.keys(NONSENSE).entries()) {
    const connection = await client()
    connection.send(get(`/${i}`))
    const text = await connection.until('}}\n')
    t.match(text, /HTTP\/1\.1 502 [\s\S]*\r\nx-outrigger-reason: protocol_error_upstream\r\n/, what)
    t.match(text, /error=http_protocol_error/, what)
    await (await origin.peer(i)).untilEnded()
  }
  t.match((await state(proxy)).endpoints, [{ connections: 0, inflight: 0 }])
})

t.test('Nonsense in the body breaks the answer off, and the connection is not used again', async (t) => {
  const { client, origin } = await scene(t, async (peer) => {
    await peer.request()
    peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n')
  })
  const connection = await client()
  connection.send(get('/'))
  await connection.untilEnded()
  t.match(connection.text, /3\r\nabc\r\n$/)
  await (await origin.peer(0)).untilEnded()
})

t.test('An upstream that ends before its answer is 502 upstream_reset', async (t) => {
  for (const [what, text] of [
    ['at once', ''],
    ['in its head', 'HTTP/1.1 200 OK\r\nA: b'],
    ['after a 100', 'HTTP/1.1 103 Hints\r\n\r\n'],
  ] as const) {
    const { client } = await scene(t, async (peer) => {
      await peer.request()
      if (text !== '') peer.send(text)
      peer.halfClose()
    })
    const connection = await client()
    connection.send(get('/'))
    t.match(await connection.until('}}\n'), /HTTP\/1\.1 502 [\s\S]*x-outrigger-reason: upstream_reset/, what)
  }
})

t.test(
  'An upstream that resets in the middle of an upload is 502, and the client learns it before it has sent all',
  async (t) => {
    const { client, origin } = await scene(t, async (peer) => {
      await peer.head()
      peer.reset()
    })
    const connection = await client()
    connection.send(`POST / HTTP/1.1\r\nHost: origin\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`)
    await origin.peer(0)
    t.match((await connection.untilEnded()).toString(), /^HTTP\/1\.1 502 [\s\S]*Connection: close\r\n/)
  },
)

t.test('IPv6 and names that resolve are reached', async (t) => {
  const { proxy, origin } = await scene(t, HI)
  const named = await scene(t, HI, { yaml: `kind: Service\nname: named\nendpoints: ["localhost:${origin.port}"]\n` })
  t.equal((await ask(named.port, get('/', 'Host: named'))).status, 200)
  t.ok(proxy.outbound > 0)
})

t.test('A client that asks an upstream to do what it cannot finds the connection as it was', async (t) => {
  const { client, origin } = await scene(
    t,
    async (peer) => {
      for (;;) {
        const { target } = await peer.request()
        peer.send(target === '/slow' ? '' : OK)
      }
    },
    { yaml: policy('timeout: {request: 50ms}') },
  )
  const connection = await client()
  connection.send(get('/slow'))
  const got = await answer(connection)
  t.equal(got.status, 504)
  t.equal(field(got, 'connection'), undefined)
  connection.send(get('/fast'))
  t.equal((await answer(connection, got.next)).status, 200)
  await (await origin.peer(0)).untilEnded()
  await eventually('two', () => origin.peers.length === 2)
})
