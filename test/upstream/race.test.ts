/** The keep-alive race: the upstream ends a pooled connection just as a request is written on it (`policies.md` 2.2). */
import t from 'tap'
import { ask, field, get, metric, post } from '../support/ask.ts'
import type { Script } from '../support/raw-origin.ts'
import { OK, policy, scene } from '../support/scene.ts'

/** The first `bad` connections answer once and end at the next request; later ones answer always. */
function ending(bad: number, how: 'halfClose' | 'reset' = 'halfClose'): Script {
  return async (peer, index) => {
    await peer.request()
    peer.send(OK)
    for (;;) {
      await peer.request()
      if (index < bad) return void peer[how]()
      peer.send(OK)
    }
  }
}

for (const how of ['halfClose', 'reset'] as const) {
  t.test(`A GET is sent again once, at once and on a fresh connection (${how})`, async (t) => {
    const { port, origin, proxy } = await scene(t, ending(1, how))
    await ask(port, get('/warm'))
    const got = await ask(port, get('/raced'))
    t.equal(got.status, 200)
    t.strictSame(
      origin.peers.map(({ requests }) => requests.map(({ target }) => target)),
      [['/warm', '/raced'], ['/raced']],
    )
    t.equal(field(origin.peers[1]!.requests[0]!, 'x-outrigger-attempt'), '2')
    t.equal(field(got, 'x-outrigger-attempts'), '2')
    t.equal(await metric(proxy, 'outrigger_attempts_total', 'attempt="transparent"'), 1)
    t.equal(await metric(proxy, 'outrigger_attempts_total', 'attempt="retry"'), 0)
  })
}

t.test('A POST without a key is not sent again: 502 upstream_reset', async (t) => {
  const { port, origin } = await scene(t, ending(1))
  await ask(port, get('/warm'))
  const got = await ask(port, post('/raced', 'abc'))
  t.equal(got.status, 502)
  t.equal(field(got, 'x-outrigger-reason'), 'upstream_reset')
  t.equal(field(got, 'proxy-status'), 'outrigger; error=connection_terminated; details="upstream_reset"')
  t.equal(field(got, 'x-outrigger-attempts'), undefined)
  t.equal(origin.requests.length, 2)
})

t.test('A POST with an Idempotency-Key is sent again, body and all', async (t) => {
  const { port, origin } = await scene(t, ending(1))
  await ask(port, get('/warm'))
  const got = await ask(port, post('/raced', 'abc', 'Idempotency-Key: "k"'))
  t.equal(got.status, 200)
  t.equal(origin.peers[1]?.requests[0]?.body.toString(), 'abc')
  t.equal(field(origin.peers[1]!.requests[0]!, 'idempotency-key'), '"k"')
})

t.test('A PUT is idempotent; a conditional one is not', async (t) => {
  for (const [more, status] of [
    [[], 200],
    [['If-Match: "a"'], 502],
  ] as const) {
    const { port } = await scene(t, ending(1))
    await ask(port, get('/warm'))
    const put = post('/raced', 'abc', ...more).replace('POST', 'PUT')
    t.equal((await ask(port, put)).status, status, more.join())
  }
})

t.test('It is sent again once and never twice, though the second connection ends too', async (t) => {
  const { port, origin } = await scene(t, async (peer, index) => {
    await peer.request()
    if (index > 0) return void peer.halfClose()
    peer.send(OK)
    await peer.request()
    peer.halfClose()
  })
  await ask(port, get('/warm'))
  const got = await ask(port, get('/raced'))
  t.equal(got.status, 502)
  t.equal(field(got, 'x-outrigger-reason'), 'upstream_reset')
  t.equal(field(got, 'x-outrigger-attempts'), '2')
  t.equal(origin.requests.filter(({ target }) => target === '/raced').length, 2)
})

t.test('The second goes out on a connection that is new, though others are idle', async (t) => {
  const { client, port, origin } = await scene(t, ending(2))
  const both = [await client(), await client()]
  for (const one of both) one.send(get('/warm'))
  for (const one of both) await one.until('hi!')
  const idle = origin.peers.length
  const got = await ask(port, get('/raced'))
  t.equal(got.status, 200)
  t.equal(origin.peers.length, idle + 1)
})

t.test('On a fresh connection there was no race: without a retry policy it is not sent again', async (t) => {
  const { port, origin } = await scene(t, async (peer) => {
    await peer.request()
    peer.halfClose()
  })
  const got = await ask(port, get('/'))
  t.equal(got.status, 502)
  t.equal(field(got, 'x-outrigger-reason'), 'upstream_reset')
  t.equal(origin.requests.length, 1)
})

t.test('Once a byte of the answer has come there is no race', async (t) => {
  const { port, origin } = await scene(t, async (peer) => {
    await peer.request()
    peer.send(OK)
    await peer.request()
    peer.send('HTTP/1.1 2').halfClose()
  })
  await ask(port, get('/warm'))
  const got = await ask(port, get('/raced'))
  t.equal(got.status, 502)
  t.equal(origin.requests.length, 2)
})

t.test('The transparent one counts neither for retry.max nor for the breaker', async (t) => {
  const { port, origin, proxy } = await scene(t, ending(1), {
    yaml: policy(
      'retry: {max: 0}\nbreaker: {scope: service, window: {type: count, size: 2, minimumCalls: 2}, failureRate: 50%}',
    ),
  })
  await ask(port, get('/warm'))
  t.equal((await ask(port, get('/raced'))).status, 200)
  t.equal((await ask(port, get('/after'))).status, 200)
  t.equal(origin.requests.length, 4)
  t.equal(await metric(proxy, 'outrigger_circuit_transitions_total'), 0)
})
