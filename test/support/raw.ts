/** A bare TCP connection for tests: bytes out as they are cut, bytes in as they came, waits that end by an event. */
import net from 'node:net'
import { Changes } from './changes.ts'

/** Until a wait gives up, ms: a guard against a hang, never a way to wait. */
const GUARD = 5000

function bytes(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text, 'latin1') : text
}

/** Lets what is on the wire arrive: two turns of the event loop. */
export async function turn(): Promise<void> {
  await new Promise(setImmediate)
  await new Promise(setImmediate)
}

/** How the other side ended the connection. */
export type Ending = 'open' | 'fin' | 'reset'

export class RawSocket {
  readonly socket: net.Socket
  readonly #chunks: Buffer[] = []
  #joined: Buffer = Buffer.alloc(0)
  ending: Ending = 'open'
  /** Both directions are over. */
  closed = false
  readonly #changes = new Changes()

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#changes.happened()
    })
    socket.on('end', () => this.#ended('fin'))
    socket.on('error', () => this.#ended('reset'))
    socket.on('close', () => {
      this.closed = true
      this.#ended('reset')
    })
  }

  #ended(how: Ending): void {
    if (this.ending === 'open') this.ending = how
    this.#changes.happened()
  }

  /** All that came so far. */
  get received(): Buffer {
    if (this.#chunks.length > 0) this.#joined = Buffer.concat([this.#joined, ...this.#chunks.splice(0)])
    return this.#joined
  }

  get text(): string {
    return this.received.toString('latin1')
  }

  /** The port this side has; the proxy's log and the origin's list know it. */
  get localPort(): number {
    return this.socket.localPort as number
  }

  send(text: string | Buffer): this {
    this.socket.write(bytes(text))
    return this
  }

  /** Sends in pieces cut at these offsets, each in a write and, on an idle machine, a segment of its own. */
  async sendCut(text: string | Buffer, cuts: readonly number[]): Promise<void> {
    const all = bytes(text)
    let from = 0
    for (const cut of [...cuts, all.length]) {
      if (cut > from && cut <= all.length) {
        const piece = all.subarray(from, cut)
        await new Promise<void>((resolve) => this.socket.write(piece, () => resolve()))
        await turn()
        from = cut
      }
    }
  }

  /** FIN; what the other side sends still comes. */
  halfClose(): this {
    this.socket.end()
    return this
  }

  /** RST; behind a FIN only a close, for Node loses a socket that is reset while its FIN is going out. */
  reset(): this {
    if (this.socket.writableEnded) this.socket.destroy()
    else this.socket.resetAndDestroy()
    return this
  }

  destroy(): this {
    this.socket.destroy()
    return this
  }

  /** Resolves once `holds` says so; asked again whenever bytes or an ending came. */
  when<T>(what: string, holds: () => T | undefined | false, guard = GUARD): Promise<T> {
    return this.#changes.when(
      what,
      holds,
      () => `${this.ending}; came: ${JSON.stringify(this.text.slice(0, 500))}`,
      guard,
    )
  }

  /** All that came, once `text` is in it; an end before that is an error. */
  async until(text: string, guard = GUARD): Promise<string> {
    return this.when(
      JSON.stringify(text),
      () => {
        if (this.text.includes(text)) return this.text
        if (this.ending !== 'open')
          throw new Error(`ended (${this.ending}) before ${JSON.stringify(text)}: ${this.text}`)
        return undefined
      },
      guard,
    )
  }

  /** All that came, once the other side has ended its direction. */
  async untilEnded(guard = GUARD): Promise<Buffer> {
    await this.when('the end of the connection', () => this.ending !== 'open', guard)
    return this.received
  }

  async untilClosed(guard = GUARD): Promise<Buffer> {
    await this.when('the connection to be closed', () => this.closed, guard)
    return this.received
  }
}

export async function connect(port: number, options: { allowHalfOpen?: boolean } = {}): Promise<RawSocket> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: options.allowHalfOpen ?? true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return new RawSocket(socket)
}
