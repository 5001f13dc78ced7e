import t from 'tap'
import { answer, eventually, get, settled } from '../support/ask.ts'
import { OK, policy, scene } from '../support/scene.ts'

t.test('What is sent again gets its fresh connection also when it has to wait for one', async (t) => {
  let release = (): void => {}
  // Every connection serves one request, and ends without a word when it gets a second.
  const { client, origin, proxy } = await scene(
    t,
    async (peer) => {
      await peer.request()
      peer.send(OK)
      await peer.request()
      await new Promise<void>((resolve) => {
        release = resolve
      })
      peer.destroy()
    },
    { service: 'connections: {maxPerEndpoint: 1}', yaml: policy('timeout: {connect: 5s}') },
  )
  const [first, second] = [await client(), await client()]
  first.send(get('/warm'))
  const warm = await answer(first)
  first.send(get('/raced'))
  await eventually('the race', () => origin.requests.length === 2)
  second.send(get('/waits'))
  await settled(proxy)
  release()
  t.equal((await answer(second)).status, 200)
  t.equal((await answer(first, warm.next)).status, 200)
  t.equal(origin.peers.length, 3)
})
