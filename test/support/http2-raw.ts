/** HTTP/2 frame by frame, by hand: a peer that says whatever a test wants it to say, as client or as server. */
import net from 'node:net'
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  frameHeader,
  FRAME_HEADER,
  GOAWAY,
  HEADERS,
  PING,
  PREFACE,
  readUint24,
  readUint31,
  readUint32,
  RST_STREAM,
  SETTINGS,
  uint32,
  WINDOW_UPDATE,
} from '../../src/http2/frames.ts'
import { Decoder } from '../../src/http2/hpack/decoder.ts'
import { Changes, GUARD } from './changes.ts'

interface Test {
  teardown(fn: () => unknown): unknown
}

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

export type Fields = readonly (readonly [name: string, value: string])[]

// ---------------------------------------------------------------- frames

export function frame(type: number, flags: number, id: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const whole = Buffer.alloc(FRAME_HEADER + payload.length)
  frameHeader(whole, 0, payload.length, type, flags, id)
  payload.copy(whole, FRAME_HEADER)
  return whole
}

function number(value: number): Buffer {
  const four = Buffer.alloc(4)
  uint32(four, 0, value)
  return four
}

/** Pairs of setting and value. */
export function settings(pairs: readonly (readonly [name: number, value: number])[] = []): Buffer {
  const payload = Buffer.alloc(6 * pairs.length)
  pairs.forEach(([name, value], i) => {
    payload.writeUInt16BE(name, 6 * i)
    payload.writeUInt32BE(value, 6 * i + 2)
  })
  return frame(SETTINGS, 0, 0, payload)
}

export const SETTINGS_ACK = frame(SETTINGS, ACK, 0)

export function windowUpdate(id: number, increment: number): Buffer {
  return frame(WINDOW_UPDATE, 0, id, number(increment))
}

export function reset(id: number, code: number): Buffer {
  return frame(RST_STREAM, 0, id, number(code))
}

export function ping(payload = 'pingpong', flags = 0): Buffer {
  return frame(PING, flags, 0, Buffer.from(payload, 'latin1'))
}

export function goaway(lastId: number, code: number): Buffer {
  return frame(GOAWAY, 0, 0, Buffer.concat([number(lastId), number(code)]))
}

export function data(id: number, body: string | Buffer, end = false): Buffer {
  return frame(DATA, end ? END_STREAM : 0, id, typeof body === 'string' ? Buffer.from(body, 'latin1') : body)
}

/** HEADERS that are whole: END_HEADERS. */
export function headers(id: number, block: Buffer, end = false): Buffer {
  return frame(HEADERS, END_HEADERS | (end ? END_STREAM : 0), id, block)
}

export function joined(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts)
}

/** The same bytes, many times. */
export function times(count: number, part: Buffer): Buffer {
  return Buffer.alloc(count * part.length, part)
}

// ---------------------------------------------------------------- HPACK, the plainest there is

/** RFC 7541 §5.1. `first` holds what stands above the prefix. */
export function integer(value: number, prefix: number, first = 0): Buffer {
  const most = 2 ** prefix - 1
  if (value < most) return Buffer.from([first | value])
  const bytes = [first | most]
  let rest = value - most
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([integer(bytes.length, 7), bytes])
}

/** Without indexing, without Huffman. */
export function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)])
}

/** Into the dynamic table. */
export function indexedField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), text(name), text(value)])
}

/** A reference to a table; 62 is the newest of the dynamic one. */
export function reference(index: number): Buffer {
  return integer(index, 7, 0x80)
}

/** A block of fields, none of them indexed. */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.map(([name, value]) => field(name, value)))
}

export interface Asked {
  readonly method?: string
  readonly path?: string
  readonly authority?: string
  readonly fields?: Fields
  /** More follows than the head. */
  readonly open?: boolean
}

export function requestBlock(asked: Asked = {}): Buffer {
  const { method = 'GET', path = '/', authority = 'origin', fields = [] } = asked
  return block([[':method', method], [':scheme', 'http'], [':authority', authority], [':path', path], ...fields])
}

/** A request of one HEADERS frame; it ends there unless `open`. */
export function request(id: number, asked: Asked = {}): Buffer {
  return headers(id, requestBlock(asked), asked.open !== true)
}

// ---------------------------------------------------------------- a peer

export class Http2Peer {
  readonly socket: net.Socket
  /** All that came, in order. Of DATA only the length is kept where `keepsData` is false. */
  readonly frames: Frame[] = []
  keepsData = true
  /** Bytes of DATA that came, all streams together. */
  dataBytes = 0
  /** Both directions are over. */
  closed = false
  /** The other side said that it sends no more, or is gone. */
  ended = false
  /** Called for each frame, as it comes. */
  onFrame: ((frame: Frame) => void) | undefined
  readonly #preface: boolean
  #prefaceLeft: number
  #rest: Buffer = Buffer.alloc(0)
  readonly #decoder = new Decoder(4096)
  readonly #blocks = new Map<Frame, Fields>()
  /** The HEADERS of the block that came last, and its parts so far. */
  #begun: Frame | undefined
  readonly #parts: Buffer[] = []
  readonly #changes = new Changes()

  /** `server`: the preface comes before the frames. */
  constructor(socket: net.Socket, server = false) {
    this.socket = socket
    this.#preface = server
    this.#prefaceLeft = server ? PREFACE.length : 0
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => {
      this.ended = true
      this.#changes.happened()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.ended = true
      this.closed = true
      this.#changes.happened()
    })
  }

  get isServer(): boolean {
    return this.#preface
  }

  #read(chunk: Buffer): void {
    const skipped = Math.min(this.#prefaceLeft, chunk.length)
    this.#prefaceLeft -= skipped
    let all = skipped > 0 ? chunk.subarray(skipped) : chunk
    if (this.#rest.length > 0) all = Buffer.concat([this.#rest, all])
    let at = 0
    while (all.length - at >= FRAME_HEADER) {
      const end = at + FRAME_HEADER + readUint24(all, at)
      if (end > all.length) break
      this.#frame(all, at, end)
      at = end
    }
    this.#rest = Buffer.from(all.subarray(at))
    this.#changes.happened()
  }

  #frame(all: Buffer, at: number, end: number): void {
    const type = all[at + 3] as number
    const body = all.subarray(at + FRAME_HEADER, end)
    if (type === DATA) this.dataBytes += body.length
    const kept = type === DATA && !this.keepsData ? Buffer.alloc(0) : Buffer.from(body)
    const one: Frame = { type, flags: all[at + 4] as number, id: readUint31(all, at + 5), payload: kept }
    this.frames.push(one)
    if (type === HEADERS || type === CONTINUATION) this.#blockPart(one)
    this.onFrame?.(one)
  }

  /** Blocks are read in the order they came, so that the table stays in step; their fields are those of their HEADERS. */
  #blockPart(one: Frame): void {
    const head = one.type === HEADERS ? one : (this.#begun as Frame)
    this.#begun = head
    this.#parts.push(one.payload)
    if ((one.flags & END_HEADERS) !== 0) this.#blocks.set(head, this.#fields(Buffer.concat(this.#parts.splice(0))))
  }

  #fields(payload: Buffer): Fields {
    const fields: [string, string][] = []
    const problem = this.#decoder.decode(payload, 0, payload.length, {
      field: (name, value) => void fields.push([name, value]),
    })
    if (problem !== '') throw new Error(`a header block that cannot be read: ${problem}`)
    return fields
  }

  fieldsOf(one: Frame): Fields {
    return this.#blocks.get(one) ?? []
  }

  send(...parts: readonly Buffer[]): this {
    this.socket.write(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))
    return this
  }

  /** Sends, and waits until the kernel took it all or the connection ended. */
  async sent(...parts: readonly Buffer[]): Promise<void> {
    if (this.closed || this.socket.destroyed) return
    await new Promise<void>((resolve) => {
      this.socket.once('close', resolve)
      this.socket.write(Buffer.concat(parts), () => {
        this.socket.removeListener('close', resolve)
        resolve()
      })
    })
  }

  /** The first frame that came, or comes, for which `holds`. An end of the connection before that is an error. */
  async frame(what: string, holds: (frame: Frame) => boolean, guard = GUARD): Promise<Frame> {
    let seen = 0
    return this.when(
      what,
      () => {
        for (; seen < this.frames.length; seen++) if (holds(this.frames[seen] as Frame)) return this.frames[seen]
        if (this.ended) throw new Error(`the connection ended before ${what}; came: ${this.summary()}`)
        return undefined
      },
      guard,
    )
  }

  async settled(): Promise<Frame> {
    return this.frame('SETTINGS', ({ type, flags }) => type === SETTINGS && (flags & ACK) === 0)
  }

  get saidGoaway(): boolean {
    return this.frames.some(({ type }) => type === GOAWAY)
  }

  /** Fields of the first HEADERS on this stream. */
  async head(id: number): Promise<Fields> {
    return this.fieldsOf(await this.frame(`HEADERS on stream ${id}`, (one) => one.type === HEADERS && one.id === id))
  }

  /** `:status` of the first HEADERS on this stream. */
  async status(id: number): Promise<number> {
    const found = (await this.head(id)).find(([name]) => name === ':status')
    return Number(found?.[1])
  }

  /** The frame with END_STREAM on this stream. */
  async finished(id: number): Promise<Frame> {
    return this.frame(
      `END_STREAM on stream ${id}`,
      (one) => one.id === id && (one.type === DATA || one.type === HEADERS) && (one.flags & END_STREAM) !== 0,
    )
  }

  /** The error code of the RST_STREAM on this stream. */
  async resetCode(id: number): Promise<number> {
    const one = await this.frame(`RST_STREAM on stream ${id}`, ({ type, id: of }) => type === RST_STREAM && of === id)
    return readUint32(one.payload, 0)
  }

  /** The error code of the first GOAWAY. */
  async goaway(): Promise<number> {
    return readUint32((await this.frame('GOAWAY', ({ type }) => type === GOAWAY)).payload, 4)
  }

  /** The other side has done all that was sent before: it answers a PING. */
  async roundTrip(payload = 'barrier!'): Promise<void> {
    const before = this.frames.length
    this.send(ping(payload))
    await this.when('the answer to a PING', () => {
      if (this.ended) throw new Error(`the connection ended before the answer to a PING; came: ${this.summary()}`)
      return this.frames
        .slice(before)
        .some((one) => one.type === PING && (one.flags & ACK) !== 0 && one.payload.toString('latin1') === payload)
    })
  }

  async untilClosed(): Promise<void> {
    await this.when('the connection to be closed', () => this.closed)
  }

  async untilEnded(): Promise<void> {
    await this.when('the connection to be ended', () => this.ended)
  }

  /** Resolves once `holds` says so; asked again whenever bytes or an ending came. */
  when<T>(what: string, holds: () => T | undefined | false, guard = GUARD): Promise<T> {
    return this.#changes.when(what, holds, () => `came: ${this.summary()}`, guard)
  }

  /** The last frames that came, for a message. */
  summary(): string {
    const last = this.frames.slice(-20)
    return last.map(({ type, flags, id, payload }) => `${type}/${flags}/${id}[${payload.length}]`).join(' ')
  }

  destroy(): this {
    this.socket.destroy()
    return this
  }
}

/** Connects, and sends preface and SETTINGS unless `silent`. Destroyed when the test ends. */
export async function http2Client(
  t: Test,
  port: number,
  options: { readonly silent?: boolean; readonly settings?: Parameters<typeof settings>[0] } = {},
): Promise<Http2Peer> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const peer = new Http2Peer(socket)
  t.teardown(() => peer.destroy())
  if (options.silent !== true) peer.send(PREFACE, settings(options.settings))
  return peer
}

export interface Http2RawOrigin {
  readonly port: number
  readonly peers: readonly Http2Peer[]
}

/** An upstream of raw frames; `play` begins each connection, which has sent its SETTINGS already unless `silent`. */
export async function http2RawOrigin(
  t: Test,
  play: (peer: Http2Peer, index: number) => void,
  options: { readonly silent?: boolean; readonly settings?: Parameters<typeof settings>[0] } = {},
): Promise<Http2RawOrigin> {
  const peers: Http2Peer[] = []
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const peer = new Http2Peer(socket, true)
    peers.push(peer)
    if (options.silent !== true) peer.send(settings(options.settings))
    play(peer, peers.length - 1)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    for (const peer of peers) peer.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return { port: (server.address() as net.AddressInfo).port, peers }
}

/** Answers each request whose head is whole with this status and body. */
export function answering(status = 200, body = 'hi!'): (peer: Http2Peer) => void {
  return (peer) => {
    peer.onFrame = ({ type, id, flags, payload }) => {
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      else if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
      else if (type === HEADERS && (flags & END_HEADERS) !== 0) {
        peer.send(headers(id, block([[':status', String(status)]])), data(id, body, true))
      }
    }
  }
}
