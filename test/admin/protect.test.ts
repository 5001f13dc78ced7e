import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { isLoopback, isThisMachine, refuseRead, whyReadOnly } from '../../src/admin/protect.ts'

t.test('Loopback is 127/8 and ::1, also mapped', async (t) => {
  for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) t.ok(isLoopback(address), address)
  for (const address of ['', '10.0.0.1', '::', '::ffff:10.0.0.1', '127.evil', 'fe80::1', '1270.0.0.1']) {
    t.notOk(isLoopback(address), address)
  }
})

t.test('Who comes from the address it came to is on this machine; the network is not', (t) => {
  t.ok(isThisMachine('127.0.0.1', '127.0.0.1'))
  t.ok(isThisMachine('::ffff:127.0.0.2', '::ffff:127.0.0.1'))
  t.ok(isThisMachine('192.0.2.7', '192.0.2.7'))
  t.notOk(isThisMachine('192.0.2.8', '192.0.2.7'))
  t.notOk(isThisMachine('', ''))
  t.end()
})

function asked(remoteAddress: string, headers: Record<string, string>): IncomingMessage {
  return { socket: { remoteAddress, localAddress: '192.0.2.7' }, headers } as unknown as IncomingMessage
}

t.test('The network reads by whatever name, and changes nothing; its pages read no more than others', (t) => {
  for (const host of ['orders.shop.svc:19002', 'api.cluster.example', '192.0.2.7:19002']) {
    t.equal(refuseRead(asked('192.0.2.8', { host })), undefined, host)
    t.match(whyReadOnly(asked('192.0.2.8', { host })), { reason: 'not_loopback' })
  }
  t.match(refuseRead(asked('192.0.2.8', { host: '192.0.2.7', origin: 'http://evil.test' })), { status: 403 })
  t.match(refuseRead(asked('192.0.2.7', { host: 'evil.test' })), { status: 403 }, 'from the machine itself')
  t.equal(refuseRead(asked('192.0.2.7', { host: '192.0.2.7:19002' })), undefined)
  t.end()
})
