import t from 'tap'
import { get, request } from '../support/ask.ts'
import { OK, scene } from '../support/scene.ts'
import { turn } from '../support/raw.ts'

const BIG = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig'
const HEAD = 'POST / HTTP/1.1\r\nHost: origin\r\nContent-Length: 100000\r\n\r\n'

t.test(
  'An upstream that answers and closes with the upload unread is heard, though the next write is refused',
  async (t) => {
    const { client, origin } = await scene(t, () => {})
    const asker = await client()
    asker.send(HEAD)
    const peer = await origin.peer(0)
    await peer.head()
    await turn()
    // The proxy finds the next piece first, and behind it the answer with the reset.
    asker.send(Buffer.alloc(1000))
    peer.send(BIG).reset()
    const answer = await asker.until('big')
    t.match(answer, /^HTTP\/1\.1 413 /)
    await asker.untilEnded()
    t.equal(asker.ending, 'fin', 'and the client still gets it in peace')
  },
)

t.test('What was read of the answer before goes on there', async (t) => {
  const { client, origin } = await scene(t, () => {})
  const asker = await client()
  asker.send(HEAD)
  const peer = await origin.peer(0)
  await peer.head()
  peer.send(BIG.slice(0, -2))
  await asker.until('\r\n\r\nb')
  await turn()
  asker.send(Buffer.alloc(1000))
  peer.send('ig').reset()
  t.match(await asker.until('big'), /^HTTP\/1\.1 413 /)
})

t.test('An answer that is not whole where the reset comes breaks off', async (t) => {
  const { client, origin } = await scene(t, () => {})
  const asker = await client()
  asker.send(HEAD)
  const peer = await origin.peer(0)
  await peer.head()
  await turn()
  asker.send(Buffer.alloc(1000))
  peer.send('HTTP/1.1 401 Unauthorized\r\n\r\nuntil the end').reset()
  await asker.untilEnded()
  t.notMatch(asker.text, /\r\n0\r\n\r\n$/, 'nothing says that it is whole')
})

t.test('What stood before a request whose first write is refused is no answer to it', async (t) => {
  const { client, origin } = await scene(t, async (peer, index) => {
    await peer.head()
    peer.send(OK)
    if (index > 0) return
  })
  const asker = await client()
  const ask = 'GET / HTTP/1.1\r\nHost: origin\r\n\r\n'
  asker.send(ask)
  await asker.until('hi!')
  const peer = await origin.peer(0)
  await turn()
  asker.send(ask)
  peer.send('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n').reset()
  const second = await asker.when(
    'the second answer',
    () => asker.text.split('HTTP/1.1 ')[2]?.includes('\r\n\r\n') && asker.text,
  )
  t.match(second.split('HTTP/1.1 ')[2], /^200 /)
})

for (const how of ['Upgrade', 'CONNECT'])
  t.test(`So it is in a tunnel (${how})`, async (t) => {
    const { client, origin } = await scene(t, async (peer) => {
      if (how === 'Upgrade') {
        await peer.request()
        peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
      }
    })
    const asker = await client()
    asker.send(
      how === 'Upgrade'
        ? get('/', 'Connection: Upgrade', 'Upgrade: x')
        : request('CONNECT origin:80', ['Host: origin:80']),
    )
    await asker.until('\r\n\r\n')
    asker.send('<first>')
    const peer = await origin.peer(0)
    await peer.until('<first>')
    await turn()
    asker.send('<more>')
    peer.send('<the last>').reset()
    await asker.until('<the last>')
    await asker.untilEnded()
    t.equal(asker.ending, 'reset')
  })
