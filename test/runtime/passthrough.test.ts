import t from 'tap'
import { ask, eventually, field, get, request, state } from '../support/ask.ts'
import { answering } from '../support/raw-origin.ts'
import { HI, OK, scene } from '../support/scene.ts'

const THROUGH = { sidecar: 'outbound: {unknownHosts: passthrough}' }

t.test('A stranger gets exactly what the client sent, but for hop-by-hop fields', async (t) => {
  const { port, origin } = await scene(
    t,
    answering(() => 'HTTP/1.1 200 OK\r\nVia: 1.1 theirs\r\nX-Outrigger-Reason: x\r\nContent-Length: 3\r\n\r\nhi!'),
    THROUGH,
  )
  const host = `127.0.0.1:${origin.port}`
  const fields = [
    'User-Agent: test',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'X-A: b',
    'x-a: c',
  ]
  const got = await ask(
    port,
    request('POST /a//b?c=%20', [`Host: ${host}`, ...fields, 'Connection: X-Hop', 'X-Hop: 1'], 'abc'),
  )
  const [sent] = origin.requests
  t.equal(sent?.start, 'POST /a//b?c=%20 HTTP/1.1')
  t.strictSame(sent?.fields, [
    ...['Host', host],
    ...fields.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    ...['Content-Length', '3'],
  ])
  t.equal(sent?.body.toString(), 'abc')
  t.equal(got.status, 200)
  t.equal(field(got, 'via'), '1.1 theirs', 'nor is the answer signed')
})

t.test('An absolute target goes to its host in origin-form', async (t) => {
  const { port, origin } = await scene(t, HI, THROUGH)
  t.equal((await ask(port, get(`http://localhost:${origin.port}/x?y`, 'Host: other'))).status, 200)
  t.equal(origin.requests[0]?.start, 'GET /x?y HTTP/1.1')
  t.strictSame(origin.requests[0]?.fields, ['Host', `localhost:${origin.port}`])
})

t.test('Its connections are pooled, and held by the name the client gave', async (t) => {
  const { port, origin } = await scene(t, HI, THROUGH)
  for (let i = 0; i < 3; i++) await ask(port, get('/', `Host: 127.0.0.1:${origin.port}`))
  t.equal(origin.peers.length, 1)
})

t.test('A stranger that is down or has no address gets its answer of ours', async (t) => {
  const { port } = await scene(t, HI, THROUGH)
  const down = await ask(port, get('/', 'Host: 127.0.0.1:1'))
  t.strictSame([down.status, field(down, 'x-outrigger-reason')], [502, 'connect_failure'])
  const lost = await ask(port, get('/', 'Host: nobody.invalid'))
  t.strictSame([lost.status, field(lost, 'x-outrigger-reason')], [502, 'dns_failure'])
})

t.test(
  'A host that is the outbound listener itself is a loop, by whatever name, and goes round not once',
  async (t) => {
    const { proxy, port } = await scene(t, HI, THROUGH)
    const names = ['127.0.0.1', '127.0.0.2', '0.0.0.0', 'localhost', 'LOCALHOST', '127.1']
    const inSix = [
      '[::FFFF:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:7f00:1]',
      '[::ffff:0:0]',
      '[0::0]',
      '[0::1]',
    ]
    for (const name of [...names, ...inSix]) {
      for (const method of ['GET', 'CONNECT']) {
        const line = method === 'GET' ? 'GET /' : `CONNECT ${name}:${port}`
        const got = await ask(port, request(line, [`Host: ${name}:${port}`]))
        t.strictSame([got.status, field(got, 'x-outrigger-reason')], [508, 'loop_detected'], `${method} ${name}`)
      }
    }
    await eventually('nobody is left', async () => (await state(proxy)).connections.outbound === 0)
  },
)

t.test('CONNECT to a stranger is a tunnel', async (t) => {
  const { client, origin } = await scene(
    t,
    async (peer) => {
      await peer.until('ping')
      peer.send('pong').halfClose()
    },
    THROUGH,
  )
  const connection = await client()
  connection.send(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\nHost: x\r\n\r\n`)
  await connection.until('\r\n\r\n')
  connection.send('ping')
  t.ok((await connection.untilEnded()).toString().endsWith('pong'))
})

t.test('A Service is still a Service', async (t) => {
  const { port, origin } = await scene(t, HI, THROUGH)
  await ask(port, get('/'))
  t.equal(field(origin.requests[0]!, 'x-outrigger-attempt'), '1')
})

t.test('Very many strangers leave a bounded number of pools', async (t) => {
  const { client, origin, proxy } = await scene(
    t,
    answering(() => OK),
    THROUGH,
  )
  const connection = await client()
  const count = 400
  for (let i = 0; i < count; i++) {
    connection.send(get('/', `Host: 127.0.0.1:${'0'.repeat(i)}${origin.port}`))
    await connection.when('an answer', () => connection.text.split('HTTP/1.1 ').length === i + 2)
  }
  await eventually('the oldest closed', () => origin.peers.filter(({ ending }) => ending === 'open').length <= 256)
  t.equal((await state(proxy)).connections.outbound, 1)
})
