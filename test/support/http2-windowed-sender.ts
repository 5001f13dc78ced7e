import {
  ACK,
  INITIAL_WINDOW_SIZE,
  readUint31,
  readUint32,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from '../../src/http2/frames.ts'
import { data, type Frame, type Http2Peer, request, SETTINGS_ACK } from './http2-raw.ts'

const FILLER = Buffer.alloc(16_384, 'x')

/** Sends bodies as the windows of the other side allow it. To be told of each frame that comes. */
export class WindowedSender {
  readonly #peer: Http2Peer
  #connection = 65_535
  #initial = 65_535
  readonly #windows = new Map<number, number>()
  /** Bytes that are still to be sent, by stream, in the order of their asking. */
  readonly #left = new Map<number, number>()

  constructor(peer: Http2Peer) {
    this.#peer = peer
  }

  saw({ type, flags, id, payload }: Frame): void {
    if (type === WINDOW_UPDATE) this.#opened(id, readUint31(payload, 0))
    else if (type === RST_STREAM) this.#left.delete(id)
    else if (type === SETTINGS && (flags & ACK) === 0) {
      for (let at = 0; at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) === INITIAL_WINDOW_SIZE) this.#initial = readUint32(payload, at + 2)
      }
    }
  }

  #opened(id: number, increment: number): void {
    if (id === 0) this.#connection += increment
    else this.#windows.set(id, (this.#windows.get(id) ?? this.#initial) + increment)
    for (const one of [...this.#left.keys()]) this.#flush(one)
  }

  /** `size` bytes of body, and END_STREAM behind them. */
  send(id: number, size: number): void {
    this.#left.set(id, size)
    this.#flush(id)
  }

  #flush(id: number): void {
    let left = this.#left.get(id) ?? 0
    let window = this.#windows.get(id) ?? this.#initial
    while (left > 0 && window > 0 && this.#connection > 0) {
      const size = Math.min(left, window, this.#connection, FILLER.length)
      left -= size
      window -= size
      this.#connection -= size
      this.#peer.send(data(id, FILLER.subarray(0, size), left === 0))
    }
    this.#windows.set(id, window)
    if (left === 0) this.#left.delete(id)
    else this.#left.set(id, left)
  }
}

/** A thousand uploads of 16 MiB at once, towards somebody who takes none of them. Resolves with the sender of further bodies. */
export async function thousandUploads(client: Http2Peer, authority: string): Promise<WindowedSender> {
  const bodies = new WindowedSender(client)
  client.onFrame = (one) => bodies.saw(one)
  await client.settled()
  client.send(SETTINGS_ACK)
  for (let id = 1; id < 2000; id += 2) {
    client.send(request(id, { method: 'PUT', authority, open: true }))
    bodies.send(id, 2 ** 24)
  }
  return bodies
}
