import http2 from 'node:http2'
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { turn } from '../support/raw.ts'
import { OK, scene } from '../support/scene.ts'

const COUNT = 60

/** Just below `maxHeaderBytes`, and of texts of their own. */
function many(connection: number): Record<string, string> {
  const fields: [string, string][] = []
  for (let i = 0; i < 55; i++) fields.push([`x-${i}`, `${connection}.${i}.`.repeat(250).slice(0, 1000)])
  return Object.fromEntries(fields)
}

/** Bytes of the heap that are in use. */
async function used(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 20; i++) await turn()
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

for (const where of ['head', 'trailers'] as const)
  t.test(`A connection that is silent behind a request costs nothing for the ${where} it had`, async (t) => {
    const { port, origin } = await scene(
      t,
      async (peer) => {
        await peer.request()
        peer.send(OK)
      },
      { service: 'protocol: http1' },
    )
    const sessions: http2.ClientHttp2Session[] = []
    for (let i = 0; i < COUNT; i++) {
      const session = http2.connect(`http://127.0.0.1:${port}`)
      t.teardown(() => session.destroy())
      await once(session, 'remoteSettings')
      sessions.push(session)
    }
    const before = await used()
    for (const [i, session] of sessions.entries()) {
      const head = { ':authority': 'origin', ':method': 'POST', ...(where === 'head' ? many(i) : {}) }
      const stream = session.request(head, { waitForTrailers: where === 'trailers' })
      stream.on('wantTrailers', () => stream.sendTrailers(many(i)))
      stream.end('abc')
      stream.resume()
      await once(stream, 'close')
      // The origin would keep what came.
      for (const peer of origin.peers.splice(0)) peer.destroy()
    }
    const kept = ((await used()) - before) / COUNT / 1024
    t.ok(kept < 35, `${kept.toFixed(1)} KiB for each`)
  })
