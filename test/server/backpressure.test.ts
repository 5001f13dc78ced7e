import t from 'tap'
import { eventually, get, request } from '../support/ask.ts'
import { pour, untilSteady } from '../support/flow.ts'
import type { RawSocket } from '../support/raw.ts'
import { HI, policy, scene } from '../support/scene.ts'

const MIB = 1024 * 1024
const SIZE = 64 * MIB
const BOUND = 16 * MIB
const PIECE = Buffer.alloc(256 * 1024, 'a')

/** What buffers hold in this process: the proxy's, and next to none of the test's own. */
function held(): number {
  global.gc?.()
  return process.memoryUsage().arrayBuffers
}

/** Reads everything, keeping nothing but the count. */
function countFrom(socket: RawSocket['socket']): { count: number } {
  const state = { count: 0 }
  socket.removeAllListeners('data')
  socket.on('data', (chunk: Buffer) => {
    state.count += chunk.length
  })
  return state
}

for (const chunked of [false, true]) {
  t.test(`A client that does not read holds the upstream back (${chunked ? 'chunked' : 'length'})`, async (t) => {
    let poured = { sent: 0 }
    const { client } = await scene(t, async (peer) => {
      await peer.request()
      peer.send(`HTTP/1.1 200 OK\r\n${chunked ? 'Connection: close' : `Content-Length: ${SIZE}`}\r\n\r\n`)
      poured = pour(peer.socket, PIECE, SIZE, () => peer.halfClose())
    })
    const before = held()
    const connection = await client()
    connection.socket.pause()
    connection.send(get('/'))
    await eventually('the answer to begin', () => poured.sent > 0)
    const sent = await untilSteady('the origin to be blocked', () => poured.sent)
    t.ok(sent < SIZE / 2, `the origin could send ${sent} bytes`)
    const grown = held() - before
    t.ok(grown < BOUND, `${grown} bytes held`)
    const state = countFrom(connection.socket)
    connection.socket.resume()
    await eventually('all of it', () => state.count > SIZE, 20_000)
  })
}

t.test('An upstream that does not read holds the client back', async (t) => {
  const { client, origin } = await scene(t, async (peer) => {
    await peer.head()
    peer.socket.pause()
  })
  const before = held()
  const connection = await client()
  connection.send(request('POST /', [`Content-Length: ${SIZE}`]))
  const peer = await origin.peer(0)
  const poured = pour(connection.socket, PIECE, SIZE)
  const sent = await untilSteady('the client to be blocked', () => poured.sent)
  t.ok(sent < SIZE / 2, `the client could send ${sent} bytes`)
  const grown = held() - before
  t.ok(grown < BOUND, `${grown} bytes held`)
  const state = countFrom(peer.socket)
  peer.socket.resume()
  await eventually('all of it', () => state.count >= SIZE - MIB, 20_000)
  peer.send('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi!')
  await connection.until('hi!')
})

t.test('An upload that waits in the queue of a bulkhead is not read beyond one buffer', async (t) => {
  const { client, origin } = await scene(t, async (peer) => void (await peer.head()), {
    yaml: policy('bulkhead: {maxConcurrent: 1, maxQueue: 1, maxQueueWait: 30s}'),
  })
  const holder = await client()
  holder.send(get('/'))
  await origin.peer(0)
  const before = held()
  const connection = await client()
  connection.send(request('POST /', [`Content-Length: ${SIZE}`]))
  const poured = pour(connection.socket, PIECE, SIZE)
  const sent = await untilSteady('the client to be blocked', () => poured.sent)
  t.ok(sent < SIZE / 2, `the client could send ${sent} bytes`)
  t.ok(held() - before < BOUND)
  holder.destroy()
  const peer = await origin.peer(1)
  const state = countFrom(peer.socket)
  await eventually('the rest', () => state.count > SIZE - MIB, 20_000)
})

t.test('A client that stalls in a tunnel holds the other end back', async (t) => {
  let poured = { sent: 0 }
  const { client } = await scene(t, (peer) => {
    poured = pour(peer.socket, PIECE, SIZE, () => peer.halfClose())
  })
  const connection = await client()
  connection.socket.pause()
  connection.send('CONNECT origin:80 HTTP/1.1\r\nHost: origin:80\r\n\r\n')
  await eventually('bytes', () => poured.sent > 0)
  t.ok((await untilSteady('the origin to be blocked', () => poured.sent)) < SIZE / 2)
  const state = countFrom(connection.socket)
  connection.socket.resume()
  await eventually('all of it', () => state.count > SIZE, 20_000)
})

t.test('A slow client at a small answer holds nobody back', async (t) => {
  const { client } = await scene(t, HI)
  const slow = await client()
  slow.socket.pause()
  slow.send(get('/'))
  const other = await client()
  other.send(get('/'))
  await other.until('hi!')
})
