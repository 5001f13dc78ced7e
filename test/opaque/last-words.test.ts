import t from 'tap'
import { startProxy } from '../support/proxy.ts'
import { connect, turn } from '../support/raw.ts'
import { startRawOrigin } from '../support/raw-origin.ts'
import { BARE } from '../support/redirected-world.ts'

for (const answers of ['upstream', 'client'] as const)
  t.test(
    `What the ${answers} says and then resets the connection reaches the other end, though a write to it was refused before`,
    async (t) => {
      const origin = await startRawOrigin(() => {})
      t.teardown(() => origin.close())
      const app = `127.0.0.1:${origin.port}`
      const proxy = await startProxy(`${BARE}inbound: [{listen: "127.0.0.1:0", app: "${app}", protocol: tcp}]\n`)
      t.teardown(() => proxy.stop())
      const client = await connect(proxy.inbound)
      t.teardown(() => client.destroy())
      const upstream = await origin.peer(0)
      client.send('to')
      await upstream.until('to')
      upstream.send('fro')
      await client.until('fro')
      await turn()
      const [one, other] = answers === 'upstream' ? [upstream, client] : [client, upstream]
      // The proxy finds this first, and behind it what it can no longer be written to.
      other.send('more')
      one.send('the last').reset()
      await other.until('the last')
      await other.untilEnded()
      t.equal(other.ending, 'reset')
    },
  )
