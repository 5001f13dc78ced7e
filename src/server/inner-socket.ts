/** What a codec takes for a socket, where its bytes travel in a tunnel of another exchange. */
// cold file: once a CONNECT to a Service with policies
import { Duplex } from 'node:stream'
import { ProxyError } from '../core/errors.ts'
import type { Exchange, ResponseHandler } from '../core/exchange.ts'

export class InnerSocket extends Duplex {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly #response: ResponseHandler
  readonly #busy: () => boolean
  #paused: boolean
  /** The client takes no more for now; called when it does. */
  #blocked: boolean
  #waiting: (() => void) | undefined
  /** The client has said all it will say. */
  #ended: boolean
  /** The tunnel has had its terminal. */
  #over: boolean

  /** `response` is that of the exchange whose tunnel it is; `busy`: somebody waits for something of the codec. */
  constructor({ peerAddress, peerPort }: Exchange, response: ResponseHandler, busy: () => boolean) {
    super({ allowHalfOpen: true })
    this.remoteAddress = peerAddress
    this.remotePort = peerPort
    this.#response = response
    this.#busy = busy
    this.#paused = false
    this.#blocked = false
    this.#waiting = undefined
    this.#ended = false
    this.#over = false
    // Bytes go to the codec by themselves; what flows here is the end alone.
    super.resume()
  }

  /** The client has said all it will say. */
  ended(): void {
    this.#ended = true
    this.push(null)
  }

  block(): void {
    this.#blocked = true
  }

  unblock(): void {
    this.#blocked = false
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }

  /** The tunnel is over, and somebody else has told so. */
  cut(): void {
    this.#over = true
    this.destroy()
  }

  override pause(): this {
    this.#paused = true
    if (!this.#over) this.#response.pauseRequest()
    return this
  }

  override resume(): this {
    this.#paused = false
    if (!this.#over) this.#response.resumeRequest()
    return this
  }

  override isPaused(): boolean {
    return this.#paused
  }

  destroySoon(): void {
    if (!this.writableEnded) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  resetAndDestroy(): this {
    return this.destroy()
  }

  override _read(): void {}

  /** A copy: whoever writes takes the buffer for free once it is written. */
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (!this.#over) this.#response.data(Buffer.from(chunk))
    if (this.#blocked) this.#waiting = done
    else done()
  }

  override _final(done: () => void): void {
    if (!this.#over) {
      this.#over = true
      this.#response.end()
    }
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#over) {
      this.#over = true
      // HTTP/2 closes at once where its client has said all, which without a request under way is the end of any connection.
      if (this.#ended && !this.#busy()) this.#response.end()
      else this.#brokenOff()
    }
    done(error)
  }

  /** In the midst of a request that is how a client leaves. */
  #brokenOff(): void {
    const reason = this.#ended ? 'client_cancelled' : 'protocol_error_downstream'
    this.#response.fail(new ProxyError(reason, 'downstream', 'no', 'the tunnel was broken off'))
  }
}
