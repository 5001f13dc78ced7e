/** A drain, and a connection of HTTP that is idle: of its own, or in a tunnel that is looked into. */
import t from 'tap'
import { answer, get, request, settled } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { HI, policy, scene } from '../support/scene.ts'

for (const inside of [false, true]) {
  t.test(`It does not hold up a drain${inside ? ' in a tunnel' : ''}`, async (t) => {
    const clock = new FakeClock()
    const { client, proxy } = await scene(t, HI, { clock, yaml: policy('bulkhead: {maxConcurrent: 100}') })
    const asker = await client()
    asker.socket.on('end', () => asker.destroy())
    let from = 0
    if (inside) {
      asker.send(request('CONNECT origin:80', ['Host: origin:80']))
      await asker.until('\r\n\r\n')
      from = asker.text.indexOf('\r\n\r\n') + 4
    }
    asker.send(get('/', 'Host: origin'))
    await answer(asker, from)
    await settled(proxy)
    const begun = clock.now()
    let took = Number.POSITIVE_INFINITY
    void proxy.drain().then(() => {
      took = clock.now() - begun
    })
    for (let i = 0; i < 40 && took === Number.POSITIVE_INFINITY; i++) {
      clock.advance(50)
      await settled(proxy)
    }
    t.ok(took < 2000, `${took} ms`)
  })
}
