import t from 'tap'
import { get, request, settled } from '../support/ask.ts'
import { scene } from '../support/scene.ts'

const SIZE = 2 * 1024 * 1024

for (const how of ['Upgrade', 'CONNECT']) {
  t.test(`What a tunnel brought last is not lost to a client that still says something (${how})`, async (t) => {
    const { client, origin, proxy } = await scene(t, async (peer) => {
      if (how === 'Upgrade') {
        await peer.request()
        peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
      }
      // No letters alone: our name in Via is drawn, and was once one that has them in it.
      await peer.until('<go>')
      peer.send(Buffer.alloc(SIZE, 'a'))
      peer.halfClose()
    })
    const connection = await client()
    connection.send(
      how === 'Upgrade'
        ? get('/', 'Connection: Upgrade', 'Upgrade: x')
        : request('CONNECT origin:80', ['Host: origin:80']),
    )
    await connection.until('\r\n\r\n')
    const before = connection.received.length
    connection.socket.pause()
    connection.send('<go>')
    await (await origin.peer(0)).untilEnded()
    await settled(proxy)
    connection.send('thanks')
    await settled(proxy)
    connection.socket.resume()
    await connection.untilEnded()
    t.equal(connection.received.length - before, SIZE)
    t.equal(connection.ending, 'fin')
  })
}
