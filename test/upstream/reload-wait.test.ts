import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { answer, eventually, get, state } from '../support/ask.ts'
import { OK, policy, scene } from '../support/scene.ts'

t.test('A reload that changes a service takes nothing from those who wait for its connections', async (t) => {
  const gates: (() => void)[] = []
  const { client, origin, proxy } = await scene(
    t,
    async (peer) => {
      for (;;) {
        await peer.request()
        await new Promise<void>((resolve) => gates.push(resolve))
        peer.send(OK)
      }
    },
    { service: 'connections: {maxPerEndpoint: 1}', yaml: policy('timeout: {connect: 10s}') },
  )
  const [holder, waiting] = [await client(), await client()]
  holder.send(get('/holder'))
  await eventually('the first', () => gates.length === 1)
  waiting.send(get('/waiting'))
  await eventually('the second in the line', async () => (await state(proxy)).endpoints[0]?.inflight === 2)
  const file = join(proxy.folder, 'policy.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('maxPerEndpoint: 1', 'maxPerEndpoint: 2'))
  t.equal(proxy.reload(), true)
  gates[0]?.()
  t.equal((await answer(holder)).status, 200)
  await eventually('the second', () => gates.length === 2 || waiting.text !== '')
  gates[1]?.()
  t.equal((await answer(waiting)).status, 200)
  await eventually('the end of the old connections', () => origin.peers.every(({ ending }) => ending !== 'open'))
})
