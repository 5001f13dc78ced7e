/** What is written and counted of a tunnel that is looked into. */
import t, { type Test } from 'tap'
import { metric } from '../support/ask.ts'
import { loggedShop } from '../support/logged-shop.ts'
import { connect } from '../support/raw.ts'
import { type Script, startRawOrigin } from '../support/raw-origin.ts'

const HANDSHAKES = 'http_server_request_duration_seconds_count'

/** Sends back what comes. */
const echo: Script = (peer) => {
  peer.socket.on('data', (chunk) => peer.send(chunk))
  peer.socket.on('end', () => peer.halfClose())
}

async function tunnel(t: Test, first: string) {
  const origin = await startRawOrigin(echo)
  t.teardown(() => origin.close())
  const shop = await loggedShop(t, origin.port, '', 'bulkhead: {maxConcurrent: 100}')
  const client = await connect(shop.proxy.outbound)
  t.teardown(() => client.destroy())
  client.send('CONNECT shop:80 HTTP/1.1\r\nHost: shop:80\r\n\r\n')
  await client.until('\r\n\r\n')
  client.send(first).halfClose()
  await client.untilEnded()
  t.ok(client.text.endsWith(first))
  return shop
}

t.test('It is one of its Service', async (t) => {
  const { proxy, log } = await tunnel(t, '\x01\x02')
  t.equal(await metric(proxy, HANDSHAKES, 'destination="shop"', '"CONNECT"'), 1)
  t.equal(await metric(proxy, HANDSHAKES), 1)
  t.match(JSON.parse(await log()), { method: 'CONNECT', service: 'shop', route: '*', status: 200 })
})

for (const [why, first] of [
  ['tls', '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00'],
  ['not_http', '\x01\x02'],
  ['silence', 'GE'],
] as const)
  t.test(`The warning says why nobody looks into it: ${why}`, async (t) => {
    const { proxy } = await tunnel(t, first)
    const warnings = proxy.log.filter((line) => line.includes('pass as bytes'))
    t.equal(warnings.length, 1)
    t.match(warnings[0], `"why":"${why}"`)
  })
