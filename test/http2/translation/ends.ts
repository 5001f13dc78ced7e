/** The two ends of an exchange, each in either version of HTTP, moved step by step by a test. */
import {
  ACK,
  CANCEL,
  DATA,
  END_STREAM,
  HEADERS,
  NO_ERROR,
  PING,
  readUint32,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from '../../../src/http2/frames.ts'
import { FIRST_WINDOW } from '../../../src/http2/receive-window.ts'
import {
  block,
  data,
  type Fields,
  frame,
  headers,
  type Http2Peer,
  http2Client,
  http2RawOrigin,
  reset,
  SETTINGS_ACK,
  windowUpdate,
} from '../../support/http2-raw.ts'
import { type Proxy as Sidecar, startProxy } from '../../support/proxy.ts'
import { connect, type RawSocket } from '../../support/raw.ts'
import type { OriginPeer } from '../../support/raw-origin.ts'
import { startRawOrigin } from '../../support/raw-origin.ts'
import { type Got, gotHttp2, type Version } from './clients.ts'
import { firstOf, fromHttp1, fromHttp2, paired, type Seen, wrongFields, wrongHttp1 } from './message.ts'
import { readRequest, readResponse } from '../../support/read-message.ts'

interface Test {
  teardown(fn: () => unknown): unknown
}

export interface Asked {
  readonly method?: string
  readonly path?: string
  readonly fields?: Fields
  /** A body of that many bytes follows; -1: of any number. */
  readonly body?: number
}

/** Whoever asks. */
export interface Asker {
  ask(asked?: Asked): void
  data(text: string | Buffer): void
  end(trailers?: Fields): void
  /** No longer interested. */
  cancel(): void
  got(): Got
  /** Resolves once `holds`. */
  until(what: string, holds: (got: Got) => boolean): Promise<Got>
  /** The answer came whole. */
  whole(): Promise<Got>
  /** The answer broke off. */
  broken(): Promise<Got>
}

/** Whoever answers, once for one request. */
export interface Answerer {
  /** The request so far; `whole` once it ended as it should. */
  request(): { seen: Seen; whole: boolean } | undefined
  until(what: string, holds: (request: { seen: Seen; whole: boolean }) => boolean): Promise<Seen>
  /** The request was given up: its stream was reset or its connection closed. */
  cancelled(): Promise<void>
  inform(status: number): void
  /** `length`: what the head says of the body; undefined: nothing. */
  head(status: number, fields?: Fields, length?: number): void
  data(text: string | Buffer): void
  /** Resolves once so many bytes more may be sent. */
  room(bytes: number): Promise<void>
  end(trailers?: Fields): void
  /** Breaks the answer off. */
  reset(): void
}

const lines = (fields: Fields): string => fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
const bytes = (text: string | Buffer): Buffer => (typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
const chunk = (piece: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])

// ---------------------------------------------------------------- HTTP/1.1

class Http1Asker implements Asker {
  readonly #client: RawSocket
  #method = 'GET'
  #chunked = false

  constructor(client: RawSocket) {
    this.#client = client
  }

  ask({ method = 'GET', path = '/', fields = [], body = 0 }: Asked = {}): void {
    this.#method = method
    this.#chunked = body < 0
    const framing = body < 0 ? 'Transfer-Encoding: chunked\r\n' : body > 0 ? `Content-Length: ${body}\r\n` : ''
    this.#client.send(`${method} ${path} HTTP/1.1\r\nHost: origin\r\n${lines(fields)}${framing}\r\n`)
  }

  data(text: string | Buffer): void {
    this.#client.send(this.#chunked ? chunk(bytes(text)) : bytes(text))
  }

  end(trailers: Fields = []): void {
    if (this.#chunked) this.#client.send(`0\r\n${lines(trailers)}\r\n`)
  }

  cancel(): void {
    this.#client.destroy()
  }

  got(): Got {
    const { received, ending } = this.#client
    const whole = readResponse(received, { method: this.#method, closed: ending === 'fin' })
    const at = received.indexOf('\r\n\r\n')
    const head = whole ?? (at < 0 ? undefined : this.#begun())
    const informational = (head?.informational ?? []).map(fromHttp1)
    if (head === undefined) return { answer: undefined, informational, whole: false, reset: -1, problems: [] }
    const answer = fromHttp1(head)
    return { answer, informational, whole: whole !== undefined, reset: -1, problems: wrongHttp1(head) }
  }

  /** The heads so far, as if each were all. */
  #begun() {
    const { received } = this.#client
    const found = readResponse(received, { method: 'HEAD' })
    return found ?? readResponse(Buffer.concat([received, Buffer.from('HTTP/1.1 999 X\r\n\r\n')]), { method: 'HEAD' })
  }

  until(what: string, holds: (got: Got) => boolean): Promise<Got> {
    return this.#client.when(what, () => {
      const got = this.got()
      return holds(got) && got
    })
  }

  whole(): Promise<Got> {
    return this.until('a whole answer', ({ whole }) => whole)
  }

  async broken(): Promise<Got> {
    await this.#client.untilEnded()
    return this.got()
  }
}

class Http1Answerer implements Answerer {
  readonly #peer: OriginPeer
  #chunked = false

  constructor(peer: OriginPeer) {
    this.#peer = peer
  }

  request(): { seen: Seen; whole: boolean } | undefined {
    const { received } = this.#peer
    const whole = readRequest(received)
    if (whole !== undefined) return { seen: this.#strict(whole), whole: true }
    const end = received.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const [start = '', ...rest] = received.toString('latin1', 0, end).split('\r\n')
    const flat = rest.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
    const [method = '', target = ''] = start.split(' ')
    const fields = paired(flat)
    const body = received.toString('latin1', end + 4)
    const length = firstOf(fields, 'content-length')
    const authority = firstOf(fields, 'host') ?? ''
    return { seen: { method, target, authority, status: 0, fields, length, body, trailers: [] }, whole: false }
  }

  #strict(message: Parameters<typeof wrongHttp1>[0]): Seen {
    const wrong = wrongHttp1(message)
    if (wrong.length > 0) throw new Error(`the origin got ${wrong}`)
    return fromHttp1(message)
  }

  until(what: string, holds: (request: { seen: Seen; whole: boolean }) => boolean): Promise<Seen> {
    return this.#peer.when(what, () => {
      const request = this.request()
      return request !== undefined && holds(request) && request.seen
    })
  }

  async cancelled(): Promise<void> {
    await this.#peer.untilEnded()
  }

  async room(): Promise<void> {}

  inform(status: number): void {
    this.#peer.send(`HTTP/1.1 ${status} X\r\n\r\n`)
  }

  head(status: number, fields: Fields = [], length?: number): void {
    this.#chunked = length === undefined
    const framing = this.#chunked ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${length}\r\n`
    this.#peer.send(`HTTP/1.1 ${status} X\r\n${lines(fields)}${framing}\r\n`)
  }

  data(text: string | Buffer): void {
    this.#peer.send(this.#chunked ? chunk(bytes(text)) : bytes(text))
  }

  end(trailers: Fields = []): void {
    if (this.#chunked) this.#peer.send(`0\r\n${lines(trailers)}\r\n`)
  }

  reset(): void {
    this.#peer.reset()
  }
}

// ---------------------------------------------------------------- HTTP/2

const ID = 1
/** So that a body that is not read elsewhere is not held up here. */
const WIDE = 0x3fff_ffff

class Http2Asker implements Asker {
  readonly #peer: Http2Peer

  constructor(peer: Http2Peer) {
    this.#peer = peer
    peer.send(windowUpdate(0, WIDE))
  }

  ask({ method = 'GET', path = '/', fields = [], body = 0 }: Asked = {}): void {
    const head: Fields = [
      [':method', method],
      [':scheme', 'http'],
      [':authority', 'origin'],
      [':path', path],
    ]
    const length: Fields = body > 0 ? [['content-length', String(body)]] : []
    this.#peer.send(headers(ID, block([...head, ...fields, ...length]), body === 0), windowUpdate(ID, WIDE))
  }

  data(text: string | Buffer): void {
    const all = bytes(text)
    for (let at = 0; at < all.length; at += 16_384) this.#peer.send(data(ID, all.subarray(at, at + 16_384)))
  }

  end(trailers: Fields = []): void {
    this.#peer.send(trailers.length > 0 ? headers(ID, block(trailers), true) : data(ID, '', true))
  }

  cancel(): void {
    this.#peer.send(reset(ID, CANCEL))
  }

  got(): Got {
    return gotHttp2(this.#peer)
  }

  until(what: string, holds: (got: Got) => boolean): Promise<Got> {
    return this.#peer.when(what, () => {
      const got = this.got()
      return holds(got) && got
    })
  }

  whole(): Promise<Got> {
    return this.until('a whole answer', ({ whole }) => whole)
  }

  broken(): Promise<Got> {
    return this.until('RST_STREAM', ({ reset }) => reset >= 0)
  }
}

class Http2Answerer implements Answerer {
  readonly #peer: Http2Peer
  readonly #id: number
  #sent = 0

  constructor(peer: Http2Peer, id: number) {
    this.#peer = peer
    this.#id = id
  }

  request(): { seen: Seen; whole: boolean } | undefined {
    const own = this.#peer.frames.filter(({ id }) => id === this.#id)
    const blocks = own.filter(({ type }) => type === HEADERS).map((one) => this.#peer.fieldsOf(one))
    const [head, trailers = []] = blocks
    if (head === undefined) return undefined
    const connect = firstOf(head, ':protocol') === undefined ? [] : [':protocol']
    const wrong = wrongFields(head, [':method', ':scheme', ':authority', ':path', ...connect])
    if (wrong.length > 0) throw new Error(`the origin got ${wrong}`)
    const text = own.filter(({ type }) => type === DATA).map(({ payload }) => payload.toString('latin1'))
    const whole = own.some(({ type, flags }) => type <= HEADERS && (flags & END_STREAM) !== 0)
    return { seen: fromHttp2(head, text.join(''), trailers), whole }
  }

  until(what: string, holds: (request: { seen: Seen; whole: boolean }) => boolean): Promise<Seen> {
    return this.#peer.when(what, () => {
      const request = this.request()
      return request !== undefined && holds(request) && request.seen
    })
  }

  async cancelled(): Promise<void> {
    await this.#peer.when('RST_STREAM', () =>
      this.#peer.frames.some(({ type, id }) => type === RST_STREAM && id === this.#id),
    )
  }

  inform(status: number): void {
    this.#peer.send(headers(this.#id, block([[':status', String(status)]])))
  }

  head(status: number, fields: Fields = [], length?: number): void {
    const more: Fields = length === undefined ? [] : [['content-length', String(length)]]
    this.#peer.send(headers(this.#id, block([[':status', String(status)], ...fields, ...more])))
  }

  async room(bytes: number): Promise<void> {
    await this.#peer.when('a window', () => {
      const credit = this.#peer.frames.filter(({ type, id }) => type === WINDOW_UPDATE && id === this.#id)
      const credited = credit.reduce((sum, { payload }) => sum + readUint32(payload, 0), FIRST_WINDOW)
      return credited - this.#sent >= bytes
    })
  }

  data(text: string | Buffer): void {
    const all = bytes(text)
    this.#sent += all.length
    for (let at = 0; at < all.length; at += 16_384) this.#peer.send(data(this.#id, all.subarray(at, at + 16_384)))
  }

  end(trailers: Fields = []): void {
    this.#peer.send(trailers.length > 0 ? headers(this.#id, block(trailers), true) : data(this.#id, '', true))
  }

  reset(): void {
    this.#peer.send(reset(this.#id, NO_ERROR + 2))
  }
}

// ---------------------------------------------------------------- both ends and a sidecar between them

export interface Pair {
  readonly proxy: Sidecar
  asker(): Promise<Asker>
  /** Of the next request that comes. */
  answerer(): Promise<Answerer>
}

async function http1Origin(t: Test, waiting: Queue<Answerer>): Promise<number> {
  const origin = await startRawOrigin((peer) => waiting.put(new Http1Answerer(peer)))
  t.teardown(() => origin.close())
  return origin.port
}

async function http2Origin(t: Test, waiting: Queue<Answerer>): Promise<number> {
  const begin = (peer: Http2Peer): void => {
    const begun = new Set<number>()
    peer.send(windowUpdate(0, WIDE))
    peer.onFrame = ({ type, flags, id, payload }) => {
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      else if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
      else if (type === HEADERS && !begun.has(id)) {
        begun.add(id)
        peer.send(windowUpdate(id, WIDE))
        waiting.put(new Http2Answerer(peer, id))
      }
    }
  }
  return (await http2RawOrigin(t, begin)).port
}

/** What came and was not asked for yet, and who asked before it came. */
class Queue<T> {
  readonly #came: T[] = []
  readonly #asked: ((value: T) => void)[] = []

  put(value: T): void {
    const first = this.#asked.shift()
    if (first === undefined) this.#came.push(value)
    else first(value)
  }

  async take(): Promise<T> {
    const first = this.#came.shift()
    return first ?? new Promise((resolve) => this.#asked.push(resolve))
  }
}

export async function pair(t: Test, from: Version, to: Version): Promise<Pair> {
  const waiting = new Queue<Answerer>()
  const port = await (to === 'http1' ? http1Origin : http2Origin)(t, waiting)
  const proxy = await startProxy(`kind: Sidecar
name: pair
accessLog: {format: none}
---
kind: Service
name: origin
protocol: ${to}
endpoints: ["127.0.0.1:${port}"]
`)
  t.teardown(() => proxy.stop())
  return {
    proxy,
    async asker() {
      if (from === 'http2') return new Http2Asker(await http2Client(t, proxy.outbound))
      const client = await connect(proxy.outbound)
      t.teardown(() => client.destroy())
      return new Http1Asker(client)
    },
    answerer: () => waiting.take(),
  }
}

export const VERSIONS: readonly Version[] = ['http1', 'http2']
export const PAIRINGS: readonly (readonly [from: Version, to: Version])[] = VERSIONS.flatMap((from) =>
  VERSIONS.map((to) => [from, to] as const),
)
