/** An origin without manners: each connection plays a script of bytes, endings and resets, and everything is recorded. */
import net from 'node:net'
import { type Message, readRequest } from './read-message.ts'
import { RawSocket } from './raw.ts'

/** The connection ended before what the script waited for: not an error of the test. */
class Gone extends Error {}

/** One accepted connection. */
export class OriginPeer extends RawSocket {
  /** The requests that were read whole, in order. */
  readonly requests: Message[] = []
  #read = 0

  /** The next request's head, as text. Its body stays to be read by `request`. */
  async head(): Promise<string> {
    return this.when('a request head', () => {
      const end = this.text.indexOf('\r\n\r\n', this.#read)
      if (end >= 0) return this.text.slice(this.#read, end + 4)
      if (this.ending !== 'open') throw new Gone(`ended (${this.ending})`)
      return undefined
    })
  }

  /** The next request, whole, read strictly. */
  async request(guard?: number): Promise<Message> {
    const message = await this.when(
      'a whole request',
      () => {
        const found = readRequest(this.received, this.#read)
        if (found === undefined && this.ending !== 'open') throw new Gone(`ended (${this.ending})`)
        return found
      },
      guard,
    )
    this.#read = message.next
    this.requests.push(message)
    return message
  }

  /** Bytes behind the last request that was read. */
  get rest(): Buffer {
    return this.received.subarray(this.#read)
  }
}

export type Script = (peer: OriginPeer, index: number) => void | Promise<void>

export class RawOrigin {
  readonly #server: net.Server
  readonly peers: OriginPeer[] = []
  /** What went wrong in a script; a test asserts that it is empty. */
  readonly errors: unknown[] = []
  #waiting: (() => void)[] = []

  constructor(script: Script) {
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => {
      const peer = new OriginPeer(socket)
      this.peers.push(peer)
      for (const wake of this.#waiting.splice(0)) wake()
      Promise.resolve()
        .then(() => script(peer, this.peers.length - 1))
        .catch((error) => {
          if (!(error instanceof Gone)) this.errors.push(error)
        })
    })
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port
  }

  /** The `n`-th connection, counted from 0, once it is there. */
  async peer(n: number): Promise<OriginPeer> {
    while (this.peers.length <= n) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return this.peers[n] as OriginPeer
  }

  /** Every request that came whole, over all connections. */
  get requests(): Message[] {
    return this.peers.flatMap((peer) => peer.requests)
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

/** Listens on a port of its own on 127.0.0.1. */
export function startRawOrigin(script: Script): Promise<RawOrigin> {
  return new RawOrigin(script).listen()
}

/** The script of a plain origin: every request gets what `answer` gives. */
export function answering(answer: (request: Message, index: number) => string | Buffer): Script {
  return async (peer) => {
    for (;;) peer.send(answer(await peer.request(60_000), peer.requests.length - 1))
  }
}
