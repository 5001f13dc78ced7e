import { createServer, connect, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import { OriginalDestination } from '../../src/core/original-destination.ts'
import { ownerOf, type ReadSockets } from '../../src/net/peer-owner.ts'

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const REST = '01 00000000:00000000 00:00000000 00000000'
const line = (local: string, remote: string, uid: number): string =>
  `   0: ${local} ${remote} ${REST} ${String(uid).padStart(5)}        0 1 1 0000000000000000 20 0 0 10 -1\n`

/** 10.77.0.2:40000 to 192.0.2.1:80 and :81 by two users; the mapped form; fd77::2 to fd77::1. */
const LISTS: Record<string, string> = {
  tcp: HEAD + line('02004D0A:9C40', '010200C0:0051', 7) + line('02004D0A:9C40', '010200C0:0050', 1000),
  tcp6:
    HEAD +
    line('0000000000000000FFFF000002004D0A:9C41', '0000000000000000FFFF0000010200C0:0050', 1001) +
    line('000077FD000000000000000002000000:9C42', '000077FD000000000000000001000000:0050', 1002),
}
const read: ReadSockets = (family) => LISTS[family] as string

t.test('ownerOf() tells connections apart by port and destination, in both lists', (t) => {
  const to = (host: string, port = 80) => new OriginalDestination(host, port)
  t.equal(ownerOf(40_000, to('192.0.2.1'), read), 1000)
  t.equal(ownerOf(40_000, to('192.0.2.1', 81), read), 7)
  t.equal(ownerOf(40_001, to('192.0.2.1'), read), 1001)
  t.equal(ownerOf(40_002, to('fd77::1'), read), 1002)
  t.equal(ownerOf(40_000, to('192.0.2.2'), read), undefined)
  t.equal(ownerOf(1, to('192.0.2.1'), read), undefined)
  t.equal(
    ownerOf(40_000, to('192.0.2.1'), () => ''),
    undefined,
    'no such list',
  )
  t.end()
})

t.test('ownerOf() knows a connection of this process', { skip: process.platform !== 'linux' }, async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer().listen(0, host)
    t.teardown(() => server.close())
    const listens = await once(server, 'listening').catch(() => undefined)
    if (listens === undefined) {
      t.comment(`no ${host} here`)
      continue
    }
    const { port } = server.address() as AddressInfo
    const socket = connect(port, host)
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    t.equal(ownerOf(socket.localPort as number, new OriginalDestination(host, port)), process.getuid?.())
  }
})
