/** What Node's HTTP/2 server and client (nghttp2) make of the same bytes. */
import http2 from 'node:http2'
import { Duplex } from 'node:stream'

export interface NodeMessage {
  raw: readonly string[]
  body: string
  trailers: readonly string[]
  /** It came to its end, without a reset. */
  whole: boolean
}

/** A connection whose other side is the test; what is written to it is dropped. */
class Wire extends Duplex {
  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done()
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Frame by frame, so that each is told before the next may end the connection. */
async function feed(wire: Wire, frames: readonly Buffer[]): Promise<void> {
  for (const frame of frames) {
    if (wire.destroyed) return
    wire.push(frame)
    await turn()
    await turn()
  }
  await turn()
  await turn()
}

function follow(stream: http2.Http2Stream, message: NodeMessage): void {
  stream.on('data', (chunk: Buffer) => {
    message.body += chunk.toString('latin1')
  })
  stream.on('trailers', (_headers, _flags, raw: unknown) => {
    message.trailers = raw as string[]
  })
  stream.on('end', () => {
    message.whole = !stream.aborted && stream.rstCode === 0
  })
  stream.on('error', () => {})
}

function watch(session: http2.Http2Session, reading: NodeReading): void {
  session.on('error', (error: NodeJS.ErrnoException) => {
    reading.fatal ||= error.message
  })
}

const SETTINGS = { initialWindowSize: 262_144, maxHeaderListSize: 65_536, enableConnectProtocol: true }

export interface NodeReading {
  /** By stream id. */
  readonly messages: Map<number, NodeMessage>
  /** Why it ended the connection, or ''. */
  fatal: string
}

export async function readByNodeServer(frames: readonly Buffer[]): Promise<NodeReading> {
  const reading: NodeReading = { messages: new Map(), fatal: '' }
  const server = http2.createServer({
    settings: SETTINGS,
    maxHeaderListPairs: 250,
    unknownProtocolTimeout: 1,
  } as object)
  server.on('sessionError', () => {})
  server.on('session', (session: http2.ServerHttp2Session) => watch(session, reading))
  server.on('stream', (stream: http2.ServerHttp2Stream, _headers, _flags, raw: unknown) => {
    const message: NodeMessage = { raw: raw as string[], body: '', trailers: [], whole: false }
    reading.messages.set(stream.id as number, message)
    follow(stream, message)
  })
  const wire = new Wire()
  wire.on('error', () => {})
  server.emit('connection', wire)
  await feed(wire, frames)
  wire.destroy()
  return reading
}

/** Answers to `count` GETs. */
export async function readByNodeClient(frames: readonly Buffer[], count: number): Promise<NodeReading> {
  const reading: NodeReading = { messages: new Map(), fatal: '' }
  const wire = new Wire()
  wire.on('error', () => {})
  const options = {
    createConnection: () => wire,
    settings: { ...SETTINGS, enablePush: false },
    maxHeaderListPairs: 250,
  }
  const session = http2.connect('http://subject', options as object)
  watch(session, reading)
  for (let i = 0; i < count; i++) {
    const stream = session.request({ ':path': '/' })
    const message: NodeMessage = { raw: [], body: '', trailers: [], whole: false }
    reading.messages.set(2 * i + 1, message)
    stream.on('response', (_headers, _flags, raw: unknown) => {
      message.raw = raw as string[]
    })
    follow(stream, message)
  }
  await turn()
  await feed(wire, frames)
  session.destroy()
  wire.destroy()
  return reading
}

/** The first `preface` bytes, where there are any, and each frame; a last one that is not whole too. */
export function units(bytes: Buffer, preface: number): Buffer[] {
  const found: Buffer[] = preface > 0 ? [bytes.subarray(0, preface)] : []
  let at = preface
  while (at < bytes.length) {
    const end = at + 9 <= bytes.length ? at + 9 + bytes.readUIntBE(at, 3) : bytes.length
    found.push(bytes.subarray(at, end))
    at = end
  }
  return found
}
