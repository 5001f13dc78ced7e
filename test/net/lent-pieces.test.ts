import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http2 from 'node:http2'
import t from 'tap'
import { collectSoon } from '../../src/core/garbage.ts'
import { ownCopy } from '../../src/core/own-copy.ts'
import { DATA, HEADERS } from '../../src/http2/frames.ts'
import { giveBack, lend, mayBeLent } from '../../src/net/lent-pieces.ts'
import { block, headers, type Http2Peer, http2RawOrigin, windowUpdate } from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'

t.test('lend() takes the place of a piece that was given back whole, once, and of no other', (t) => {
  const bytes = randomBytes(16_384)
  const first = lend(bytes, 0, 16_384)
  t.ok(first.equals(bytes))
  giveBack(first.subarray(0, 8192))
  const second = lend(bytes, 4096, 12_288)
  t.ok(second.equals(bytes.subarray(4096, 12_288)))
  t.not(second.buffer, first.buffer, 'a part of a piece gives nothing back')
  giveBack(first)
  giveBack(first)
  const third = lend(bytes, 0, 5000)
  const fourth = lend(bytes, 0, 5000)
  t.equal(third.buffer, first.buffer)
  t.not(fourth.buffer, first.buffer, 'giving back twice gives one place')
  giveBack(Buffer.allocUnsafeSlow(third.buffer.byteLength))
  t.end()
})

t.test('In calm no store is kept', (t) => {
  const bytes = randomBytes(5000)
  const piece = lend(bytes, 0, 5000)
  giveBack(piece)
  collectSoon()
  t.not(lend(bytes, 0, 5000).buffer, piece.buffer)
  t.end()
})

t.test('mayBeLent() takes what is worth a place and fits into it', (t) => {
  t.same(
    [4095, 4096, 16_384, 16_385].map((length) => mayBeLent(length)),
    [false, true, true, false],
  )
  t.end()
})

t.test('ownCopy() of a lent piece is a copy, however large a part of its store it is', (t) => {
  const piece = lend(randomBytes(16_384), 0, 16_384)
  const kept = ownCopy(piece)
  t.not(kept.buffer, piece.buffer)
  t.ok(kept.equals(piece))
  t.end()
})

async function posted(session: http2.ClientHttp2Session, body: Buffer): Promise<unknown> {
  const stream = session.request({ ':method': 'POST', ':authority': 'origin' })
  const answered = once(stream, 'response')
  stream.end(body)
  const [head] = await answered
  return head[':status']
}

/** Answers each body once it is whole, the first time with 503, then with 200; keeps what it was sent. */
function secondTime(bodies: Buffer[]): (peer: Http2Peer) => void {
  return (peer) => {
    const parts = new Map<number, Buffer[]>()
    peer.onFrame = ({ type, id, flags, payload }) => {
      if (type === HEADERS) parts.set(id, [])
      if (type !== DATA) return
      if (payload.length > 0) peer.send(windowUpdate(0, payload.length), windowUpdate(id, payload.length))
      parts.get(id)?.push(payload)
      if ((flags & 1) === 0) return
      const body = Buffer.concat(parts.get(id) as Buffer[])
      const again = bodies.some((one) => one.equals(body))
      bodies.push(body)
      peer.send(headers(id, block([[':status', again ? '200' : '503']]), true))
    }
  }
}

t.test('a body that is sent again is what it was, though others came meanwhile', async (t) => {
  const bodies: Buffer[] = []
  const origin = await http2RawOrigin(t, secondTime(bodies))
  const retry =
    'kind: Policy\nname: again\nmatch: {direction: outbound, service: "*"}\nretry: {max: 1, when: [5xx], methods: any, unsafe: true, maxBodyBytes: 1MiB}\n'
  const yaml = services({ origin: origin.port }, retry).replace('name: origin\n', 'name: origin\nprotocol: http2\n')
  const proxy = await startProxy(yaml)
  t.teardown(() => proxy.stop())
  const session = http2.connect(`http://127.0.0.1:${proxy.outbound}`)
  t.teardown(() => session.destroy())
  const sent = Array.from({ length: 4 }, () => randomBytes(300_000))
  const statuses = await Promise.all(sent.map((body) => posted(session, body)))
  t.same(statuses, [200, 200, 200, 200])
  for (const body of sent) t.equal(bodies.filter((one) => one.equals(body)).length, 2)
})
