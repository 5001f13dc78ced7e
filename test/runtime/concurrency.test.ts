/** The adaptive limit through a whole sidecar. */
import t from 'tap'
import { ask, eventually, field, get, metric, state, told } from '../support/ask.ts'
import { begin, Call, grpcOrigin, reply, session, unary } from '../support/grpc-call.ts'
import { message } from '../support/grpc-message.ts'
import { services, startProxy } from '../support/proxy.ts'
import type { Script } from '../support/raw-origin.ts'
import { OK, policy, scene } from '../support/scene.ts'

const INBOUND = '{direction: inbound}'

/** An application that answers when it is told to. */
function held(): { script: Script; asked(n: number): Promise<void>; release(): void } {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let count = 0
  let tell = () => {}
  const script: Script = async (peer) => {
    for (;;) {
      await peer.request(60_000)
      count++
      tell()
      await released
      peer.send(OK)
    }
  }
  const asked = async (n: number) => {
    while (count < n)
      await new Promise<void>((resolve) => {
        tell = resolve
      })
  }
  return { script, asked, release: () => release() }
}

t.test('HTTP/1.1: whoever is too many gets 503 at once, and the others their answers', async (t) => {
  const app = held()
  const { port, proxy, origin } = await scene(t, app.script, {
    inbound: true,
    yaml: policy('concurrency: {min: 2, max: 2}', INBOUND),
  })
  const both = [ask(port, get('/1')), ask(port, get('/2'))]
  await app.asked(2)
  const got = await ask(port, get('/3'))
  t.equal(got.status, 503)
  t.equal(field(got, 'retry-after'), '1')
  t.equal(field(got, 'x-outrigger-reason'), 'concurrency_limit')
  t.match(field(got, 'proxy-status'), 'error=destination_unavailable; details="concurrency_limit"')
  t.match(told(got), { reason: 'concurrency_limit' })
  t.equal(await metric(proxy, 'outrigger_concurrency_inflight', 'policy="p"'), 2)
  t.equal(await metric(proxy, 'outrigger_concurrency_limit', 'policy="p"'), 2)
  t.ok(proxy.reload())
  t.match(await state(proxy), { concurrency: [{ policy: 'p', inflight: 2, limit: 2, min: 2, max: 2 }] })
  app.release()
  t.same(
    (await Promise.all(both)).map(({ status }) => status),
    [200, 200],
  )
  t.equal((await ask(port, get('/4'))).status, 200)
  t.equal(origin.requests.length, 3)
  const decided = ['policy="concurrency"', 'decision="concurrency_limit"', 'mode="enforce"']
  t.equal(await metric(proxy, 'outrigger_policy_decisions_total', ...decided), 1)
})

t.test('HTTP/2: the same, and a gRPC call gets status 14 with a pushback', async (t) => {
  const app = held()
  const { port } = await scene(t, app.script, {
    inbound: true,
    yaml: policy('concurrency: {min: 1, max: 1}', INBOUND),
  })
  const first = ask(port, get('/1'))
  await app.asked(1)
  const client = session(t, port)
  const stream = client.request({ ':path': '/', ':authority': 'origin' })
  const head = await new Promise<Record<string, unknown>>((resolve) => stream.on('response', resolve))
  t.match(head, { ':status': 503, 'retry-after': '1', 'x-outrigger-reason': 'concurrency_limit' })
  const call = await unary(client, '/shop.Orders/Get')
  t.equal(call.status, '14')
  t.match(call.head, { 'grpc-retry-pushback-ms': /^-1$|^1000$/, 'x-outrigger-reason': 'concurrency_limit' })
  app.release()
  t.equal((await first).status, 200)
})

t.test('gRPC: streams that have said one word and then nothing, or are only sent to, take no places', async (t) => {
  const app = await grpcOrigin(t, (stream, head) => {
    if (head[':path'] === '/a.B/Get') reply(stream)
    else if (head[':path'] === '/a.B/Watch') {
      begin(stream)
      stream.write(message('serving'))
    }
  })
  const yaml = services({}, policy('concurrency: {min: 2, max: 2}', INBOUND))
  const proxy = await startProxy(yaml, { app })
  t.teardown(() => proxy.stop())
  const client = session(t, proxy.inbound)
  for (let i = 0; i < 3; i++) {
    const watch = new Call(client, '/a.B/Watch')
    watch.stream.end(message('whom'))
    await watch.received(message('serving').length)
    const log = new Call(client, '/a.B/Log')
    log.stream.write(message('one'))
    log.stream.write(message('two'))
    await eventually('its place', async () => (await metric(proxy, 'outrigger_concurrency_inflight')) === 0)
  }
  t.equal((await unary(client, '/a.B/Get')).status, '0')
})

t.test('In shadow mode everybody passes, and the metrics have names of their own', async (t) => {
  const app = held()
  const { port, proxy } = await scene(t, app.script, {
    inbound: true,
    yaml: policy('concurrency: {min: 1, max: 1, mode: shadow}', INBOUND),
  })
  const both = [ask(port, get('/1')), ask(port, get('/2'))]
  await app.asked(2)
  app.release()
  t.same(
    (await Promise.all(both)).map(({ status }) => status),
    [200, 200],
  )
  t.equal(await metric(proxy, 'outrigger_policy_decisions_total', 'policy="concurrency"', 'mode="shadow"'), 1)
  t.equal(await metric(proxy, 'outrigger_shadow_concurrency_limit', 'policy="p"'), 1)
  t.equal(await metric(proxy, 'outrigger_concurrency_limit'), 0)
})
