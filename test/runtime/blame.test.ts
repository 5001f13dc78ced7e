/** Who is blamed for what, through the public door: our own refusals are nobody's failure, an answer that hangs is. */
import t from 'tap'
import { answer, ask, eventually, field, get, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import type { Script } from '../support/raw-origin.ts'
import { OK, policy, scene } from '../support/scene.ts'

const WATCHED =
  'breaker: {scope: service, window: {type: count, size: 2, minimumCalls: 2}}\noutlier: {consecutive: 2}\n'

/** The head, a piece of the body, and then nothing more. */
const STALLING: Script = async (peer) => {
  for (;;) {
    await peer.request()
    peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
  }
}

t.test('A full bulkhead leaves breaker and outlier as they were', async (t) => {
  const { client, port, proxy, origin } = await scene(t, STALLING, {
    yaml: policy(`${WATCHED}bulkhead: {maxConcurrent: 1}`),
  })
  const holder = await client()
  holder.send(get('/holder'))
  await holder.until('abc')
  for (let i = 0; i < 4; i++) {
    const refused = await ask(port, get('/refused'))
    t.strictSame([refused.status, field(refused, 'x-outrigger-reason')], [503, 'bulkhead_full'])
  }
  t.equal(origin.requests.length, 1)
  const { breakers, outliers } = await state(proxy)
  t.match(breakers, [{ state: 'closed', calls: 0 }])
  t.match(outliers, [{ state: 'ready', calls: 0, consecutive: 0 }])
  ;(await origin.peer(0)).send('0\r\n\r\n')
  t.equal((await answer(holder)).status, 200)
})

t.test('Nor does a used-up rate limit, which is asked for beneath the breaker', async (t) => {
  const { port, proxy } = await scene(
    t,
    async (peer) => {
      for (;;) {
        await peer.request()
        peer.send(OK)
      }
    },
    { clock: new FakeClock(), yaml: policy(`${WATCHED}rateLimit: {rate: 1/s, burst: 1}`) },
  )
  t.equal((await ask(port, get('/first'))).status, 200)
  for (let i = 0; i < 4; i++) t.equal((await ask(port, get('/refused'))).status, 429)
  const { breakers, outliers } = await state(proxy)
  t.match(breakers, [{ state: 'closed', calls: 1, failureRatio: 0 }])
  t.match(outliers, [{ state: 'ready', calls: 1, consecutive: 0 }])
})

t.test('A 200 whose body stalls is a failure for both', async (t) => {
  const clock = new FakeClock()
  const { client, port, proxy } = await scene(t, STALLING, { clock, yaml: policy(`${WATCHED}timeout: {idle: 1s}`) })
  for (let i = 0; i < 2; i++) {
    const stalled = await client()
    stalled.send(get('/stall'))
    await stalled.until('abc')
    clock.advance(1300)
    await stalled.untilEnded()
    t.notOk(stalled.text.endsWith('0\r\n\r\n'), 'a body that is not whole does not look whole')
  }
  await eventually('the breaker', async () => (await state(proxy)).breakers[0]?.state === 'open')
  t.match((await state(proxy)).outliers, [{ consecutive: 2, failureRatio: 1 }])
  const refused = await ask(port, get('/'))
  t.strictSame([refused.status, field(refused, 'x-outrigger-reason')], [503, 'circuit_open'])
})
