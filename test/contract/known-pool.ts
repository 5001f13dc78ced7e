/** Defects of the upstream pool that are known and not yet mended. Run by hand. */
import t from 'tap'
import { services, startProxy } from '../support/proxy.ts'
import { connect } from '../support/raw.ts'
import { answering, startRawOrigin } from '../support/raw-origin.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'

for (const how of ['fin', 'stray byte'] as const) {
  t.test(`Pool does not hand out a connection that has just ended (${how}) and is not closed yet`, async (t) => {
    const origin = await startRawOrigin(answering(() => OK))
    const proxy = await startProxy(services({ origin: origin.port }))
    const client = await connect(proxy.outbound)
    client.send('GET /1 HTTP/1.1\r\nHost: origin\r\n\r\n')
    await client.until('hi')
    const peer = await origin.peer(0)
    // Both are ready when the proxy polls next, the end of the idle connection first.
    if (how === 'fin') {
      peer.halfClose()
      await new Promise(setImmediate)
    } else peer.send('X')
    client.send('GET /2 HTTP/1.1\r\nHost: origin\r\n\r\n')
    await t.resolves(client.when('the second answer', () => client.text.split('hi').length > 2, 2000))
    client.destroy()
    await proxy.stop()
    await origin.close()
  })
}
