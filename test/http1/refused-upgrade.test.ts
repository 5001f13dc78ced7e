import t from 'tap'
import { answer, get, settled } from '../support/ask.ts'
import { turn } from '../support/raw.ts'
import { scene } from '../support/scene.ts'

const ASK = ['Connection: Upgrade', 'Upgrade: websocket']

t.test('An upgrade that is refused is no end of the connection to the upstream', async (t) => {
  const { client, origin } = await scene(t, async (peer) => {
    await peer.request()
    peer.send('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 3\r\n\r\n')
    await turn()
    await turn()
    peer.send('no!')
    await peer.request()
    peer.send('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes')
  })
  const connection = await client()
  connection.send(get('/', ...ASK))
  const first = await answer(connection)
  t.equal(first.body.toString(), 'no!')
  t.equal(origin.peers[0]?.ending, 'open', 'no FIN')
  connection.send(get('/next'))
  t.equal((await answer(connection, first.next)).body.toString(), 'yes')
  t.equal(origin.peers.length, 1, 'the connection was used again')
})

t.test('An upstream that takes a half-close for a leaving client refuses an upgrade in pieces', async (t) => {
  const { promise: headRead, resolve } = Promise.withResolvers<void>()
  const { client, proxy } = await scene(t, async (peer) => {
    peer.socket.once('end', () => peer.destroy())
    await peer.request()
    peer.send('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 3\r\n\r\n')
    await headRead
    peer.send('no!')
  })
  const connection = await client()
  connection.send(get('/', ...ASK))
  await connection.until('\r\n\r\n')
  await settled(proxy)
  resolve()
  t.equal((await answer(connection)).body.toString(), 'no!')
})
