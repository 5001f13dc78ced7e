/** The policy from outside: a whole sidecar, real sockets, both stores, HTTP/1.1, HTTP/2 and gRPC. */
import { readFileSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { answer, ask, eventually, field, metric, post, settled, told } from '../../support/ask.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { freePort } from '../../support/free-port.ts'
import { grpcOrigin, reply, session, unary } from '../../support/grpc-call.ts'
import { startProxy } from '../../support/proxy.ts'
import { type OriginPeer, startRawOrigin } from '../../support/raw-origin.ts'
import type { RawSocket } from '../../support/raw.ts'
import { noRedis, startRedis } from '../../support/redis.ts'
import { scene } from '../../support/scene.ts'

const KEY = 'Idempotency-Key: "k"'

function policy(block: string): string {
  return `kind: Policy\nname: p\nmatch: {direction: inbound}\nidempotency: ${block}\n`
}

/** Numbers its answers, so that two of them are never the same. */
function numbering(): (peer: OriginPeer) => Promise<void> {
  let made = 0
  return async (peer) => {
    for (;;) {
      await peer.request()
      made++
      const head = `HTTP/1.1 201 Made\r\nX-Serial: ${made}\r\nx-serial: again\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n`
      peer.send(`${head}3\r\nno${made % 10}\r\n0\r\nX-Sum: ${made}\r\n\r\n`)
    }
  }
}

async function idempotent(t: Test, block: string, script = numbering()) {
  return scene(t, script, { inbound: true, yaml: policy(block) })
}

/** A store's block, made for the test. */
const STORES: Readonly<Record<string, (t: Test) => Promise<string>>> = {
  memory: async () => 'store: memory',
  Redis: async (t) => `store: {redis: {url: "redis://127.0.0.1:${(await startRedis(t)).port}", timeout: 10s}}`,
}

for (const [name, store] of Object.entries(STORES)) {
  const skip = name === 'Redis' && noRedis

  t.test(`${name}: HTTP/1.1, one effect and the same bytes again`, { skip }, async (t) => {
    const { port, proxy, origin } = await idempotent(t, `{${await store(t)}, required: true}`)
    const first = await ask(port, post('/orders', 'buy', KEY, 'TE: trailers'))
    t.match(first, { status: 201 })
    const again = await ask(port, post('/orders', 'buy', 'idempotency-key: k', 'TE: trailers'))
    t.equal(field(again, 'idempotent-replayed'), 'true')
    t.equal(again.body.toString(), first.body.toString())
    const at = again.fields.indexOf('Idempotent-Replayed')
    t.same(again.fields.toSpliced(at, 2), first.fields)
    t.same(again.trailers, first.trailers)
    const other = await ask(port, post('/orders', 'buy two', KEY))
    t.match([other.status, told(other).reason], [422, 'idempotency_mismatch'])
    const none = await ask(port, post('/orders', 'buy'))
    t.match([none.status, told(none).reason], [400, 'idempotency_missing'])
    t.equal(origin.peers.flatMap((peer) => peer.requests).length, 1)
    const metrics = await (await fetch(`http://127.0.0.1:${proxy.admin}/metrics`)).text()
    for (const result of ['stored', 'replayed', 'mismatch', 'missing']) {
      t.match(metrics, new RegExp(`^outrigger_idempotency_total\\{.*result="${result}".*\\} 1$`, 'm'))
    }
    t.match(metrics, /^outrigger_idempotency_store_up\{.*\} 1$/m)
    const state = (await (await fetch(`http://127.0.0.1:${proxy.admin}/state`)).json()) as { idempotency: unknown[] }
    t.match(state.idempotency, [{ store: name.toLowerCase(), up: true, error: '', leased: 0 }])
  })

  t.test(`${name}: a second click waits for the first, also when that has left`, { skip }, async (t) => {
    const { client, port, origin } = await idempotent(t, `{${await store(t)}}`, async (peer) => {
      await peer.request()
    })
    const one = await client()
    one.send(post('/orders', 'buy', KEY))
    const peer = await origin.peer(0)
    await peer.until('\r\n\r\nbuy')
    one.destroy()
    const two = await client()
    two.send(post('/orders', 'buy', KEY))
    const three = ask(port, post('/orders', 'buy', KEY))
    peer.send('HTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok')
    t.match([(await answer(two)).status, (await three).status], [201, 201])
    t.equal(field(await three, 'idempotent-replayed'), 'true')
    t.equal(origin.peers.length, 1)
  })

  t.test(`${name}: an application that dies leaves the key in doubt`, { skip }, async (t) => {
    const { port } = await idempotent(t, `{${await store(t)}}`, async (peer) => {
      await peer.request()
      peer.reset()
    })
    t.equal((await ask(port, post('/orders', 'buy', KEY))).status, 502)
    const again = await ask(port, post('/orders', 'buy', KEY))
    t.match([again.status, told(again).reason], [409, 'idempotency_unknown'])
  })

  t.test(`${name}: an application that is not there frees it`, { skip }, async (t) => {
    const app = await freePort()
    const proxy = await startProxy(
      `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n${policy(`{${await store(t)}}`)}`,
      { app },
    )
    t.teardown(() => proxy.stop())
    for (let i = 0; i < 2; i++) t.equal((await ask(proxy.inbound, post('/orders', 'buy', KEY))).status, 502)
  })

  t.test(`${name}: HTTP/2 and gRPC`, { skip }, async (t) => {
    let calls = 0
    const app = await grpcOrigin(t, (stream, head) => {
      calls++
      if (head[':path'] === '/shop.Orders/Fail') {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14' }, { endStream: true })
      } else reply(stream)
    })
    const proxy = await startProxy(
      `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n${policy(`{${await store(t)}}`)}`,
      { app },
    )
    t.teardown(() => proxy.stop())
    const client = session(t, proxy.inbound)
    const key = { 'idempotency-key': 'k' }
    const first = await unary(client, '/shop.Orders/Create', key)
    const again = await unary(client, '/shop.Orders/Create', key)
    t.match([first.status, again.status], ['0', '0'])
    t.same(again.body, first.body)
    t.match(again.head, { 'idempotent-replayed': 'true' })
    t.equal(calls, 1)
    const other = await unary(client, '/shop.Orders/Other', key)
    t.equal(other.status, '3', 'another method under the same key')
    await unary(client, '/shop.Orders/Fail', { 'idempotency-key': 'f' })
    const doubt = await unary(client, '/shop.Orders/Fail', { 'idempotency-key': 'f' })
    t.match([doubt.status, doubt.head?.['x-outrigger-reason']], ['10', 'idempotency_unknown'])
    t.equal(calls, 2)
    t.ok(http2.constants.NGHTTP2_NO_ERROR === first.resetCode)
  })
}

t.test('a duplicate that expects a 100 before its payload is compared all the same', async (t) => {
  const { client, port } = await idempotent(t, '{}')
  await ask(port, post('/orders', 'buy', KEY))
  const connection = await client()
  const head = post('/orders', 'buy', KEY, 'Expect: 100-continue')
  connection.send(head.slice(0, -3))
  await connection.until('100 Continue\r\n\r\n')
  connection.send('buy')
  await connection.until('Idempotent-Replayed: true')
})

t.test('answers that come at the same time are kept within maxReplayBytes, and give it back', async (t) => {
  const half = 'x'.repeat(6000)
  const script = async (peer: OriginPeer) => {
    for (;;) {
      const { target } = await peer.request()
      peer.send(`HTTP/1.1 201 Made\r\nContent-Length: 12000\r\n\r\n${half}${target === '/whole' ? half : ''}`)
    }
  }
  const sidecar = 'limits: {maxReplayBytes: 20KiB}'
  const { client, port, origin } = await scene(t, script, { inbound: true, sidecar, yaml: policy('{}') })
  const keyed = (key: string, path = '/orders') => post(path, 'buy', `Idempotency-Key: "${key}"`)
  const begun: { asking: RawSocket; peer: OriginPeer }[] = []
  for (const key of ['lost', 'kept', 'broken']) {
    const asking = await client()
    asking.send(keyed(key))
    await asking.until(half)
    begun.push({ asking, peer: await origin.peer(begun.length) })
  }
  const [lost, kept, broken] = begun as [(typeof begun)[0], (typeof begun)[0], (typeof begun)[0]]
  for (const { asking, peer } of [lost, kept]) {
    peer.send(half)
    t.equal((await answer(asking)).body.length, 12_000)
  }
  broken.peer.reset()
  await broken.asking.untilEnded()
  t.equal((await ask(port, keyed('whole', '/whole'))).status, 201)
  const again = async (key: string, path?: string) => {
    const got = await ask(port, keyed(key, path))
    return got.status === 409 ? told(got).reason : field(got, 'idempotent-replayed')
  }
  t.equal(await again('lost'), 'idempotency_unknown', 'it was carried out; only its answer is lost')
  t.same([await again('kept'), await again('whole', '/whole')], ['true', 'true'])
})

t.test('a duplicate whose answer is there and whose body does not come is not held for ever', async (t) => {
  const clock = new FakeClock()
  const { port, proxy, client } = await scene(t, numbering(), { clock, inbound: true, yaml: policy('{}') })
  t.equal((await ask(port, post('/orders', 'buy', KEY))).status, 201)
  const one = await client()
  one.send(`POST /orders HTTP/1.1\r\nHost: origin\r\n${KEY}\r\nTransfer-Encoding: chunked\r\n\r\n`)
  const two = session(t, port).request({ ':method': 'POST', ':path': '/orders', 'idempotency-key': 'k' })
  let status: unknown
  two.on('response', (head) => {
    status = head[':status']
  })
  await settled(proxy)
  for (let i = 0; i < 50; i++) {
    clock.advance(5000)
    await settled(proxy)
  }
  one.send('1\r\nb\r\n')
  await settled(proxy)
  for (let i = 0; i < 11; i++) {
    clock.advance(5000)
    await settled(proxy)
  }
  t.equal(status, 408)
  t.equal(one.text, '', 'of that one something has come')
  for (let i = 0; i < 60; i++) {
    clock.advance(5000)
    await settled(proxy)
  }
  t.match(one.text, /^HTTP\/1.1 408 .*x-outrigger-reason: stream_idle_timeout/s)
})

t.test('without its Redis a keyed write is refused, or goes on where the policy says so', async (t) => {
  const url = `redis://127.0.0.1:${await freePort()}`
  const refusing = await idempotent(t, `{store: {redis: {url: "${url}"}}}`)
  const refused = await ask(refusing.port, post('/orders', 'buy', KEY))
  t.match(
    [refused.status, told(refused).reason, field(refused, 'retry-after')],
    [503, 'idempotency_store_unavailable', '1'],
  )
  t.equal((await ask(refusing.port, post('/orders', 'buy'))).status, 201, 'without a key it is not asked')
  const state = (await (await fetch(`http://127.0.0.1:${refusing.proxy.admin}/state`)).json()) as {
    idempotency: unknown[]
  }
  t.match(state.idempotency, [{ store: 'redis', up: false, error: /ECONNREFUSED/ }])
  const going = await idempotent(t, `{store: {redis: {url: "${url}"}}, onStoreError: proceed}`)
  t.equal((await ask(going.port, post('/orders', 'buy', KEY))).status, 201)
})

t.test(
  'a reload that takes the block away closes its connection and forgets its keys',
  { skip: noRedis },
  async (t) => {
    const redis = await startRedis(t)
    const store = (more: string) => `{store: {redis: {url: "redis://127.0.0.1:${redis.port}", timeout: 10s}}${more}}`
    const { proxy, port } = await idempotent(t, store(''))
    t.equal((await ask(port, post('/orders', 'buy', KEY))).status, 201)
    const file = `${proxy.folder}/policy.yaml`
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(store(''), store(', required: true')))
    t.ok(proxy.reload())
    const again = await ask(port, post('/orders', 'buy', KEY))
    t.equal(field(again, 'idempotent-replayed'), 'true', 'Redis has kept it')
    writeFileSync(file, text.replace(`idempotency: ${store('')}`, 'timeout: {request: 5s}'))
    t.ok(proxy.reload())
    t.equal(field(await ask(port, post('/orders', 'buy', KEY)), 'idempotent-replayed'), undefined)
    // The one that asks is all that is left.
    while ([...(await redis.tell('CLIENT', 'LIST')).matchAll(/^id=/gm)].length > 1) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  },
)

t.test('who waits across a reload gets the answer, whoever carries it out', { skip: noRedis }, async (t) => {
  const redis = await startRedis(t)
  const store = (more: string) => `{store: {redis: {url: "redis://127.0.0.1:${redis.port}", timeout: 10s}}${more}}`
  const silent = async (peer: OriginPeer) => void (await peer.request())
  const [first, second] = [await idempotent(t, store(''), silent), await idempotent(t, store(''), silent)]
  const one = await first.client()
  one.send(post('/orders', 'buy', KEY))
  const peer = await first.origin.peer(0)
  await peer.until('\r\n\r\nbuy')
  const waiting: RawSocket[] = []
  for (const { client, proxy } of [first, second]) {
    const two = await client()
    two.send(post('/orders', 'buy', KEY))
    const waited = () => metric(proxy, 'outrigger_idempotency_total', 'result="waited"')
    await eventually('the second to wait', async () => (await waited()) === 1)
    const file = join(proxy.folder, 'policy.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace(store(''), store(', required: true')))
    t.ok(proxy.reload())
    waiting.push(two)
  }
  peer.send('HTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok')
  for (const client of [one, ...waiting]) t.equal((await answer(client)).status, 201)
  // What is left is one of each sidecar, and the one that asks.
  while ([...(await redis.tell('CLIENT', 'LIST')).matchAll(/^id=/gm)].length > 3) {
    await new Promise((resolve) => setImmediate(resolve))
  }
})

const RETRIES = `kind: Policy
name: retries
match: {direction: outbound, service: other}
retry: {max: 2, budget: {minPerSecond: 10}, backoff: {base: 1ms, max: 1ms}}
`

t.test('what a fallback service may have carried out is not carried out again', async (t) => {
  for (const [name, script, statuses, reason, more = ''] of [
    ['it answers', numbering(), [201, 409], 'idempotency_unknown'],
    [
      'it dies',
      async (peer: OriginPeer) => {
        await peer.request()
        peer.reset()
      },
      [502, 409],
      'idempotency_unknown',
    ],
    ['nothing can have come there', undefined, [502, 502], 'connect_failure'],
    ['nor of any of its retries', undefined, [502, 502], 'connect_failure', RETRIES],
  ] as const) {
    const [app, nobody] = [await freePort(), await freePort()]
    const other = await startRawOrigin(script ?? (() => {}))
    t.teardown(() => other.close())
    const proxy = await startProxy(
      [
        'kind: Sidecar\nname: test\naccessLog: {format: none}\n',
        `kind: Service\nname: other\nendpoints: ["127.0.0.1:${script === undefined ? nobody : other.port}"]\n`,
        `${policy('{store: memory}')}fallback: [{when: [any], use: service, service: other}]\n`,
        more,
      ].join('---\n'),
      { app },
    )
    t.teardown(() => proxy.stop())
    const first = await ask(proxy.inbound, post('/orders', 'buy', KEY))
    const again = await ask(proxy.inbound, post('/orders', 'buy', KEY))
    t.same([first.status, again.status], statuses, name)
    t.equal(told(again).reason, reason, name)
    t.equal(other.requests.length, script === undefined ? 0 : 1, name)
  }
})

t.test('nor is it sent twice to that service over a connection that ended', async (t) => {
  const other = await startRawOrigin(async (peer, index) => {
    await peer.request()
    peer.send('HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n')
    await peer.request()
    if (index === 0) peer.reset()
    else peer.send('HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n')
  })
  t.teardown(() => other.close())
  const proxy = await startProxy(
    [
      'kind: Sidecar\nname: test\naccessLog: {format: none}\n',
      `kind: Service\nname: other\nendpoints: ["127.0.0.1:${other.port}"]\n`,
      `${policy('{store: memory}')}fallback: [{when: [any], use: service, service: other}]\n`,
    ].join('---\n'),
    { app: await freePort() },
  )
  t.teardown(() => proxy.stop())
  t.equal((await ask(proxy.inbound, post('/orders', 'one', 'Idempotency-Key: "a"'))).status, 201)
  t.equal((await ask(proxy.inbound, post('/orders', 'two', 'Idempotency-Key: "b"'))).status, 502)
  t.equal(other.requests.length, 2)
})

t.test('outbound: a keyed POST is sent again under methods: keyed, another is not', async (t) => {
  const yaml = 'kind: Policy\nname: p\nmatch: {direction: outbound, service: origin}\nretry: {max: 1, methods: keyed}\n'
  const broken = async (peer: OriginPeer) => {
    await peer.request()
    peer.reset()
  }
  let first = true
  const script = async (peer: OriginPeer) => {
    if (first) {
      first = false
      return broken(peer)
    }
    return numbering()(peer)
  }
  const keyed = await scene(t, script, { yaml })
  const answered = await ask(keyed.port, post('/orders', 'buy', KEY))
  t.equal(answered.status, 201)
  const sent = keyed.origin.peers.flatMap((peer) => peer.requests)
  t.same(
    sent.map((request) => [field(request, 'idempotency-key'), request.body.toString()]),
    [
      ['"k"', 'buy'],
      ['"k"', 'buy'],
    ],
  )
  for (const fields of [[], ['Idempotency-Key:']]) {
    const bare = await scene(t, broken, { yaml })
    t.equal((await ask(bare.port, post('/orders', 'buy', ...fields))).status, 502)
    t.equal(bare.origin.peers.length, 1)
  }
})

t.test('inbound: a key that is honoured here lets no write be sent twice over a connection that ended', async (t) => {
  let orders = 0
  const script = async (peer: OriginPeer) => {
    for (;;) {
      await peer.request()
      orders++
      // The second order was carried out, and its answer lost with the connection.
      if (orders === 2) peer.reset()
      else peer.send('HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n')
    }
  }
  const { port } = await idempotent(t, '{}', script)
  t.equal((await ask(port, post('/orders', 'one', 'Idempotency-Key: "a"'))).status, 201)
  const lost = await ask(port, post('/orders', 'two', 'Idempotency-Key: "b"'))
  t.match([lost.status, told(lost).reason], [502, 'upstream_reset'])
  const again = await ask(port, post('/orders', 'two', 'Idempotency-Key: "b"'))
  t.match([again.status, told(again).reason], [409, 'idempotency_unknown'])
  t.equal(orders, 2)
})
