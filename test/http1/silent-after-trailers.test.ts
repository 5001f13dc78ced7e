import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { type RawSocket, turn } from '../support/raw.ts'
import { OK, scene } from '../support/scene.ts'

const COUNT = 100
/** Just below `maxHeaderBytes`. */
const TRAILERS = `${Array.from({ length: 60 }, (_, i) => `x-${i}: ${'v'.repeat(1000)}`).join('\r\n')}\r\n\r\n`

t.test('A client that is silent behind a request costs nothing for the trailers that it had', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const { client, origin } = await scene(t, async (peer) => {
    await peer.request()
    peer.send(OK)
  })
  const clients: RawSocket[] = []
  for (let i = 0; i < COUNT; i++) clients.push(await client())
  collect()
  const before = process.memoryUsage().heapUsed
  for (const one of clients) {
    one.send('POST / HTTP/1.1\r\nHost: origin\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n')
    one.send(TRAILERS)
    await one.until('hi!')
    // The origin would keep what came.
    for (const peer of origin.peers.splice(0)) peer.destroy()
  }
  for (let i = 0; i < 10; i++) await turn()
  collect()
  const kept = (process.memoryUsage().heapUsed - before) / COUNT / 1024
  t.ok(kept < 30, `${kept.toFixed(1)} KiB for each`)
})
