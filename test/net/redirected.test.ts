import { createServer, type Server } from 'node:net'
import t from 'tap'
import { listenOn } from '../../src/net/any-address.ts'
import { loadOriginalDestination, readAddress } from '../../src/net/original-destination.ts'
import { OwnAddresses } from '../../src/net/own-addresses.ts'
import { FakeClock } from '../support/fake-clock.ts'

t.test('readAddress() reads both kinds of address, IPv6 in its shortest form', async (t) => {
  const v4 = Buffer.from('020000505db8d822', 'hex')
  t.same(readAddress(Buffer.concat([v4, Buffer.alloc(20)]), 16).address, '93.184.216.34:80')
  for (const [hex, text] of [
    ['20010db8000000000000000000000007', '2001:db8::7'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000000010000000000000001', '2001:db8:0:1::1'],
    ['20010db8000100020003000400050006', '2001:db8:1:2:3:4:5:6'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['00010000000200000003000000040000', '1:0:2:0:3:0:4:0'],
  ] as const) {
    const value = Buffer.concat([Buffer.from('0a0001bb00000000', 'hex'), Buffer.from(hex, 'hex'), Buffer.alloc(4)])
    t.equal(readAddress(value, 28).host, text)
    t.equal(readAddress(value, 28).address, `[${text}]:443`)
  }
})

t.test('Of a connection that was not redirected, and of one that is gone, nothing is known', async (t) => {
  const originals = await loadOriginalDestination().catch(() => undefined)
  if (originals === undefined) return t.comment('koffi has nothing for this platform')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const { connect } = await import('node:net')
  const client = connect(port, '127.0.0.1')
  const accepted = await new Promise<import('node:net').Socket>((resolve) => server.once('connection', resolve))
  const found = originals.of(accepted)
  // Where connections are tracked, the kernel says where it came to.
  if (found !== undefined) t.equal(found.port, port)
  accepted.destroy()
  t.equal(originals.of(accepted), undefined)
  client.destroy()
  server.close()
})

t.test('OwnAddresses reads again when asked for what it does not know, but not each time', async (t) => {
  const clock = new FakeClock()
  const addresses = ['10.0.0.1']
  let reads = 0
  const own = new OwnAddresses(clock, () => {
    reads++
    return addresses
  })
  t.ok(own.has('127.3.2.1'))
  t.ok(own.has('::1'))
  t.equal(reads, 0)
  t.ok(own.has('10.0.0.1'))
  addresses.push('fd00::1')
  t.notOk(own.has('fd00::1'))
  t.notOk(own.has('192.0.2.1'))
  t.equal(reads, 1)
  clock.advance(1000)
  t.ok(own.has('fd00::1'))
  t.equal(reads, 2)
})

/** A server whose kernel answers each listen in turn. */
function server(...answers: readonly string[]): { server: Server; hosts: string[] } {
  const real = createServer()
  const hosts: string[] = []
  const listen = ({ host }: { host: string }) => {
    hosts.push(host)
    const code = answers[hosts.length - 1]
    if (code === '') real.emit('listening')
    else real.emit('error', Object.assign(new Error(code), { code }))
  }
  return { server: Object.assign(real, { listen: listen as never }), hosts }
}

t.test('listenOn() takes IPv4 where [::] cannot be had, and nothing else', async (t) => {
  for (const [host, answers, hosts, end] of [
    ['::', [''], ['::'], 'listening'],
    ['::', ['EAFNOSUPPORT', ''], ['::', '0.0.0.0'], 'listening'],
    ['::', ['EADDRNOTAVAIL', ''], ['::', '0.0.0.0'], 'listening'],
    ['::', ['EADDRINUSE'], ['::'], 'EADDRINUSE'],
    ['::', ['EAFNOSUPPORT', 'EADDRINUSE'], ['::', '0.0.0.0'], 'EADDRINUSE'],
    ['::1', ['EADDRNOTAVAIL'], ['::1'], 'EADDRNOTAVAIL'],
    ['0.0.0.0', ['EACCES'], ['0.0.0.0'], 'EACCES'],
  ] as const) {
    const it = server(...answers)
    const ends: string[] = []
    listenOn(
      it.server,
      host,
      1,
      (error) => ends.push(error.code ?? ''),
      () => ends.push('listening'),
    )
    t.same(it.hosts, hosts)
    t.same(ends, [end])
    t.equal(it.server.listenerCount('error'), 0)
  }
})
