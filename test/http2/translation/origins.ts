/** Recording origins, one for each version of HTTP, that read strictly, answer with what they were asked, and keep it. */
import net from 'node:net'
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
} from '../../../src/http2/frames.ts'
import { block, data, type Fields, frame, headers, Http2Peer, SETTINGS_ACK, settings } from '../../support/http2-raw.ts'
import { turn } from '../../support/raw.ts'
import { Recorder } from '../../http1/smuggling/recorder.ts'
import { fromHttp1, fromHttp2, paired, type Seen, wrongFields, wrongHttp1 } from './message.ts'

export interface Origin {
  /** Whole requests since `begin`. */
  readonly seen: readonly Seen[]
  /** Their heads as they came. */
  readonly heads: readonly Fields[]
  /** What no sender may send. */
  readonly nonsense: readonly string[]
  /** Requests that began, are not whole, and whose connection or stream goes on. */
  readonly halves: readonly string[]
  begin(): void
  listen(): Promise<number>
  close(): Promise<void>
}

export class Http1Origin implements Origin {
  readonly #recorder = new Recorder()

  get seen(): readonly Seen[] {
    return this.#recorder.requests.map(fromHttp1)
  }

  get heads(): readonly Fields[] {
    return this.#recorder.requests.map(({ fields }) => paired(fields))
  }

  get nonsense(): readonly string[] {
    return [...this.#recorder.nonsense, ...this.#recorder.requests.flatMap(wrongHttp1)]
  }

  get halves(): readonly string[] {
    return this.#recorder.halves
  }

  begin(): void {
    this.#recorder.begin()
  }

  listen(): Promise<number> {
    return this.#recorder.listen()
  }

  close(): Promise<void> {
    return this.#recorder.close()
  }
}

interface Stream {
  readonly peer: Http2Peer
  readonly head: Fields
  body: string
}

const REQUEST = [':method', ':scheme', ':authority', ':path']

export class Http2Origin implements Origin {
  seen: Seen[] = []
  heads: Fields[] = []
  nonsense: string[] = []
  readonly #server: net.Server
  readonly #peers = new Set<Http2Peer>()
  readonly #open = new Map<string, Stream>()

  constructor() {
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => this.#accept(new Http2Peer(socket, true)))
  }

  #accept(peer: Http2Peer): void {
    const number = this.#peers.size
    this.#peers.add(peer)
    peer.send(settings())
    peer.socket.on('close', () => {
      for (const key of this.#open.keys()) if (key.startsWith(`${number}/`)) this.#open.delete(key)
    })
    peer.onFrame = ({ type, flags, id, payload }) => {
      const key = `${number}/${id}`
      const end = (flags & END_STREAM) !== 0
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      else if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
      else if (type === RST_STREAM) this.#open.delete(key)
      else if (type === DATA) this.#data(key, id, payload.toString('latin1'), end)
      else if ((type === HEADERS || type === CONTINUATION) && (flags & END_HEADERS) !== 0) this.#block(peer, key, id)
    }
  }

  #block(peer: Http2Peer, key: string, id: number): void {
    const head = peer.frames.findLast((one) => one.type === HEADERS && one.id === id)!
    this.#headers(peer, key, id, peer.fieldsOf(head), (head.flags & END_STREAM) !== 0)
  }

  #headers(peer: Http2Peer, key: string, id: number, fields: Fields, end: boolean): void {
    const stream = this.#open.get(key)
    this.#note(wrongFields(fields, stream === undefined ? REQUEST : []))
    if (stream === undefined) {
      const begun = { peer, head: fields, body: '' }
      this.#open.set(key, begun)
      if (end) this.#whole(begun, key, id, [])
    } else if (end) this.#whole(stream, key, id, fields)
    else this.nonsense.push('trailers without END_STREAM')
  }

  #data(key: string, id: number, piece: string, end: boolean): void {
    const stream = this.#open.get(key)
    if (stream === undefined) {
      this.nonsense.push('DATA on no stream')
      return
    }
    stream.body += piece
    if (end) this.#whole(stream, key, id, [])
  }

  #whole({ peer, head, body }: Stream, key: string, id: number, trailers: Fields): void {
    this.#open.delete(key)
    const seen = fromHttp2(head, body, trailers)
    if (seen.length !== undefined && Number(seen.length) !== body.length)
      this.nonsense.push(`content-length ${seen.length} and ${body.length} bytes`)
    this.seen.push(seen)
    this.heads.push(head)
    const fields = block([
      [':status', '200'],
      ['x-asked', encodeURIComponent(seen.target)],
      ['content-length', '2'],
    ])
    if (seen.method === 'HEAD') peer.send(headers(id, fields, true))
    else peer.send(headers(id, fields), data(id, 'ok', true))
  }

  #note(problems: readonly string[]): void {
    this.nonsense.push(...problems)
  }

  get halves(): readonly string[] {
    return [...this.#open.values()].map(({ head }) => JSON.stringify(head))
  }

  begin(): void {
    this.seen = []
    this.heads = []
    this.nonsense = []
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as net.AddressInfo).port
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) peer.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

/** A half message is no harm once its connection or its stream is gone; the news of it may be on its way. */
export async function remainingHalves(origin: Origin): Promise<readonly string[]> {
  for (let i = 0; i < 200 && origin.halves.length > 0; i++) await turn()
  return origin.halves
}
