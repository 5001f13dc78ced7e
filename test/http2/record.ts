/** What real clients and servers send to our two sides, byte for byte. */
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { Http2ClientConnection } from '../../src/http2/client.ts'
import { Http2ServerConnection } from '../../src/http2/server.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { ask, clientOwner, type ReadAnswer } from './read-client.ts'
import { echoingOwner, type Reading } from './read-server.ts'

/** Looks at a connection before it gets what came. */
class Tap {
  readonly chunks: Buffer[] = []
  readonly #reader: { receive(borrowed: Buffer): void }

  constructor(reader: { receive(borrowed: Buffer): void }) {
    this.#reader = reader
  }

  receive(borrowed: Buffer): void {
    this.chunks.push(Buffer.from(borrowed))
    this.#reader.receive(borrowed)
  }
}

export interface RecordedClient {
  readonly bytes: Buffer
  /** What our server side made of it, as it came. */
  readonly reading: Reading
}

/** `play` uses the session and closes it; its server echoes. */
export async function recordClient(
  options: http2.ClientSessionOptions,
  play: (session: http2.ClientHttp2Session) => Promise<void>,
): Promise<RecordedClient> {
  const reading: Reading = { requests: [], refusals: [], defects: [] }
  let tap: Tap | undefined
  const closed = Promise.withResolvers<void>()
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const seen = new Tap(new Http2ServerConnection(socket, echoingOwner(reading, new FakeClock())))
    tap = seen
    socket.on('data', (chunk: Buffer) => seen.receive(chunk))
    socket.once('close', () => closed.resolve())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, options)
  await play(session)
  await new Promise<void>((resolve) => session.close(() => resolve()))
  await closed.promise
  server.close()
  return { bytes: Buffer.concat((tap as Tap).chunks), reading }
}

export interface RecordedServer {
  readonly bytes: Buffer
  /** What our client side made of it, as it came. */
  readonly answers: readonly ReadAnswer[]
  readonly defects: readonly string[]
}

/** Our client side asks with these bodies, all at once. */
export async function recordServer(
  options: http2.ServerOptions,
  bodies: readonly string[],
  answer: (stream: http2.ServerHttp2Stream) => void,
): Promise<RecordedServer> {
  const server = http2.createServer(options, undefined)
  server.on('stream', answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
  const defects: string[] = []
  const answers: ReadAnswer[] = []
  const over = Promise.withResolvers<void>()
  const connection = new Http2ClientConnection(socket, clientOwner(defects, new FakeClock()), 'http')
  const tap = new Tap(connection)
  socket.on('data', (chunk: Buffer) => {
    tap.receive(chunk)
    if (answers.every(({ terminal }) => terminal !== '')) over.resolve()
  })
  socket.once('close', () => over.resolve())
  for (const body of bodies) ask(connection, answers, body)
  await over.promise
  connection.destroy('recorded')
  server.close()
  return { bytes: Buffer.concat(tap.chunks), answers, defects }
}
