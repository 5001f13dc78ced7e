/** gRPC as it is on the wire: Node's own HTTP/2 on both outer sides, and what each of them saw. */
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { message } from './grpc-message.ts'

interface Test {
  teardown(fn: () => unknown): unknown
}

type Fields = http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader

const END_STREAM = 1

/** A server of raw streams; `on` gets each with its head. */
export async function grpcOrigin(
  t: Test,
  on: (stream: http2.ServerHttp2Stream, head: http2.IncomingHttpHeaders) => void,
): Promise<number> {
  const server = http2.createServer()
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream: http2.ServerHttp2Stream, head) => {
    stream.on('error', () => {})
    on(stream, head)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

export function session(t: Test, port: number): http2.ClientHttp2Session {
  const client = http2.connect(`http://127.0.0.1:${port}`)
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  return client
}

/** One call and all that came of it. */
export class Call {
  readonly stream: http2.ClientHttp2Stream
  head: Fields | undefined
  /** The head ended the stream. */
  trailersOnly = false
  trailers: http2.IncomingHttpHeaders | undefined
  body: Buffer = Buffer.alloc(0)
  /** The answer's head came. */
  readonly answered: Promise<void>
  readonly over: Promise<void>
  readonly #waiting: { bytes: number; resolve: () => void }[] = []

  constructor(client: http2.ClientHttp2Session, path: string, fields: http2.OutgoingHttpHeaders = {}) {
    const stream = client.request({
      ':method': 'POST',
      ':path': path,
      ':authority': 'origin',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...fields,
    })
    this.stream = stream
    stream.on('error', () => {})
    this.answered = new Promise((resolve) => {
      stream.on('response', (head, flags) => {
        this.head = head
        this.trailersOnly = (flags & END_STREAM) !== 0
        resolve()
      })
      stream.on('close', () => resolve())
    })
    stream.on('trailers', (trailers) => {
      this.trailers = trailers
    })
    stream.on('data', (chunk: Buffer) => {
      this.body = Buffer.concat([this.body, chunk])
      for (const { bytes, resolve } of this.#waiting) if (this.body.length >= bytes) resolve()
    })
    // Who answers before we have ended resets the stream only later (docs/decisions/0093).
    this.over = new Promise((resolve) => stream.on('end', () => setImmediate(resolve)).on('close', resolve))
  }

  /** `grpc-status` wherever it stands. */
  get status(): string | undefined {
    return (this.trailers?.['grpc-status'] ?? this.head?.['grpc-status']) as string | undefined
  }

  /** The call was reset with this code; 0: it ended as it should. */
  get resetCode(): number {
    return this.stream.rstCode
  }

  /** So many bytes of the answer's body have come. */
  received(bytes: number): Promise<void> {
    if (this.body.length >= bytes) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ bytes, resolve }))
  }
}

/** A unary call, to its end. */
export async function unary(
  client: http2.ClientHttp2Session,
  path: string,
  fields: http2.OutgoingHttpHeaders = {},
): Promise<Call> {
  const call = new Call(client, path, fields)
  call.stream.end(message('ask'))
  await call.over
  return call
}

/** A whole answer of one message. */
export function reply(stream: http2.ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(message('told'))
}

/** A head that leaves the end to the test. */
export function begin(stream: http2.ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
}
