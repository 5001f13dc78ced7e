/** How a tunnel ends in which HTTP was found: what its client hears, and what is written of it. */
import t from 'tap'
import { PREFACE } from '../../src/http2/frames.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { request, settings } from '../support/http2-raw.ts'
import { loggedShop } from '../support/logged-shop.ts'
import { connect, type RawSocket, turn } from '../support/raw.ts'
import { answering, startRawOrigin } from '../support/raw-origin.ts'

interface Ended {
  readonly client: RawSocket
  /** Of the access log's line on the tunnel. */
  readonly reason: unknown
}

const HTTP1 = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n'
const HTTP2 = Buffer.concat([PREFACE, settings(), request(1, { authority: 'shop' })])

async function tunnel(
  t: Parameters<typeof loggedShop>[0],
  ends: (client: RawSocket, clock: FakeClock) => unknown,
  first: string | Buffer = HTTP1,
) {
  const origin = await startRawOrigin(
    answering(({ start }) => (start.includes('/wait') ? '' : 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi!')),
  )
  t.teardown(() => origin.close())
  const clock = new FakeClock()
  const shop = await loggedShop(t, origin.port, 'protocol: http1', 'bulkhead: {maxConcurrent: 100}', { clock })
  const client = await connect(shop.proxy.outbound)
  t.teardown(() => client.destroy())
  client.send('CONNECT shop:80 HTTP/1.1\r\nHost: shop:80\r\n\r\n')
  await client.until('\r\n\r\n')
  client.send(first)
  await client.until('hi!')
  await ends(client, clock)
  await client.untilEnded()
  client.destroy()
  const lines = (await shop.log()).trim().split('\n')
  const line = lines.map((one) => JSON.parse(one)).find(({ method }) => method === 'CONNECT')
  return { client, reason: line.reason } satisfies Ended
}

t.test('A client that is idle for too long in it is sent away by a FIN, and has broken no rule', async (t) => {
  const { client, reason } = await tunnel(t, async (client, clock) => {
    for (let i = 0; i < 310 && client.ending === 'open'; i++) {
      clock.advance(1000)
      await turn()
    }
  })
  t.equal(client.ending, 'fin')
  t.equal(reason, undefined)
})

t.test('A client that leaves in the midst of a request has left', async (t) => {
  const { reason } = await tunnel(t, async (client) => {
    client.send('GET /wait HTTP/1.1\r\nHost: shop\r\n\r\n')
    await turn()
    client.halfClose()
  })
  t.equal(reason, 'client_cancelled')
})

t.test('A client of HTTP/2 that closes behind its last answer has not left', async (t) => {
  const { client, reason } = await tunnel(t, (client) => client.halfClose(), HTTP2)
  t.equal(client.ending, 'fin')
  t.equal(reason, undefined)
})

t.test('A client of HTTP/2 that closes in the midst of a request has left', async (t) => {
  const leaves = async (client: RawSocket) => {
    client.send(request(3, { authority: 'shop', path: '/wait' }))
    await turn()
    client.halfClose()
  }
  const { client, reason } = await tunnel(t, leaves, HTTP2)
  t.equal(client.ending, 'reset')
  t.equal(reason, 'client_cancelled')
})
