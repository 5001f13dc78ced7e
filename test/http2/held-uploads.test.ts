/** Uploads that wait in the sidecar for an upstream: what they stand in, and how they go out once it reads. */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { DATA, FRAME_HEADER, INITIAL_WINDOW_SIZE, readUint32, WINDOW_UPDATE } from '../../src/http2/frames.ts'
import { FrameWriter } from '../../src/http2/frame-writer.ts'
import { FIRST_WINDOW } from '../../src/http2/receive-window.ts'
import { SendingStream } from '../../src/http2/sending-stream.ts'
import type { OpenStream, StreamOwner } from '../../src/http2/stream-owner.ts'
import { Outbox } from '../../src/net/outbox.ts'
import { FakeSocket } from '../http1/fake-socket.ts'
import { OK, peerOf } from '../support/http2-pool-world.ts'
import {
  data,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  request,
  windowUpdate,
} from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'

const MANY = 0x7fff_0000

/** Sends as much of `body` as the windows let out, and returns how much that was. */
async function upload(peer: Http2Peer, id: number, body: Buffer): Promise<number> {
  for (let at = 0; ; ) {
    const updates = peer.frames.filter((one) => one.type === WINDOW_UPDATE && one.id === id)
    const credit = updates.reduce((sum, { payload }) => sum + readUint32(payload, 0), FIRST_WINDOW)
    const most = Math.min(body.length, credit)
    if (most === at) return at
    for (; at < most; at += Math.min(16_384, most - at)) {
      const to = Math.min(at + 16_384, most)
      peer.send(data(id, body.subarray(at, to), to === body.length))
    }
    await peer.roundTrip()
    await turn()
  }
}

t.test('What is held of an upload beyond its first 64 KiB stands in stores that serve again', async (t) => {
  const body = randomBytes(1_000_000)
  const origin = await http2RawOrigin(
    t,
    (peer) => {
      peer.send(windowUpdate(0, MANY))
      peer.onFrame = ({ type, id, flags }) => {
        if (id === 1 && type !== WINDOW_UPDATE) {
          if (type !== DATA) peer.send(windowUpdate(1, MANY))
          if ((flags & 1) === 1) peer.send(headers(1, OK, true))
        }
      }
    },
    { settings: [[INITIAL_WINDOW_SIZE, 0]] },
  )
  const proxy = await startProxy(
    services({ origin: origin.port }).replace('name: origin\n', 'name: origin\nprotocol: http2\n'),
  )
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  client.send(request(1, { method: 'PUT', open: true }))
  t.equal(await upload(client, 1, body), body.length)
  await client.finished(1)
  client.send(request(3, { method: 'PUT', open: true }))
  const upstream = await peerOf(origin, 0)
  await upstream.head(3)
  const { allocUnsafeSlow } = Buffer
  let kept = 0
  Buffer.allocUnsafeSlow = (size) => {
    kept += size
    return allocUnsafeSlow(size)
  }
  t.teardown(() => (Buffer.allocUnsafeSlow = allocUnsafeSlow))
  const held = await upload(client, 3, body)
  t.ok(held > 400_000, `${held} bytes are held`)
  t.ok(kept < 300_000, `${kept} bytes were made for them to stay in`)
  upstream.send(windowUpdate(3, MANY))
  await upstream.when('what was held', () => upstream.frames.filter(({ id }) => id === 3).length > 0)
})

/** Its kernel takes nothing until it is told to. */
class FullSocket extends FakeSocket {
  constructor() {
    super()
    Object.defineProperty(this, 'writableNeedDrain', { get: () => this.writableLength > 0 })
  }

  override write(chunk: string | Buffer): boolean {
    this.writableLength += chunk.length
    super.write(chunk)
    return false
  }
}

class Upload extends SendingStream {
  close(): void {}
  onReset(): void {}
  protected pauseSource(): void {}
  protected resumeSource(): void {}
  protected onLocalEnd(): void {}
}

t.test('Of megabytes that wait for a socket no more is written at once than 256 KiB and a frame', (t) => {
  const socket = new FullSocket()
  const session = { sendWindow: MANY, full: true, peer: { window: MANY }, waiting: { add() {} } }
  const outbox = new Outbox(socket.asSocket, { blocked: () => (session.full = true), drained() {}, refused() {} })
  const out = new FrameWriter(outbox)
  const writeData = (stream: OpenStream, chunk: Buffer, from: number, to: number): void =>
    out.data(stream, chunk, from, to)
  const stream = new Upload(1, Object.assign(session, { outbox, out, writeData }) as unknown as StreamOwner)
  const body = randomBytes(2_000_000)
  for (let at = 0; at < body.length; at += 16_000) stream.send(body.subarray(at, at + 16_000))
  let most = 0
  for (let before = 0; stream.waiting; before = socket.written.length) {
    socket.writableLength = 0
    outbox.onDrain()
    session.full = false
    stream.flush()
    outbox.flush()
    most = Math.max(most, socket.written.length - before)
  }
  t.ok(most <= 256 * 1024 + 16_384 + FRAME_HEADER, `${most}`)
  t.equal(socket.written.length, body.length + 125 * FRAME_HEADER)
  t.end()
})
