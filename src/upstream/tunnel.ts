/** CONNECT: a connection of bytes to an endpoint (RFC 9110 §9.3.6). What passes is not ours to understand. */
import { connect, type Socket } from 'node:net'
import type { Timed, Timer } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import { type RequestBody, type RequestHead, ResponseHead, type ResponseHandler } from '../core/exchange.ts'
import { NO_HEADERS } from '../core/headers.ts'
import { connectReason } from '../http/connect-reason.ts'
import { breakOff } from '../net/encrypted.ts'
import { lastWords } from '../net/last-words.ts'
import { Outbox, type OutboxOwner } from '../net/outbox.ts'
import { enter, leave } from '../net/turn.ts'
import type { UpstreamContext } from './context.ts'
import { Parting } from './parting.ts'

export function openTunnel(
  host: string,
  port: number,
  request: RequestHead,
  response: ResponseHandler,
  context: UpstreamContext,
): RequestBody {
  const { lookup } = context
  return new Tunnel(connect({ host, port, lookup, noDelay: true, allowHalfOpen: true }), request, response, context)
}

class Tunnel implements RequestBody, OutboxOwner, Timed {
  readonly #socket: Socket
  readonly #outbox: Outbox
  readonly #response: ResponseHandler
  readonly #context: UpstreamContext
  #connected: boolean
  #over: boolean
  #error: NodeJS.ErrnoException | undefined
  /** Read when the upstream had closed the connection. */
  #lastWords: readonly Buffer[] | undefined
  #timer: Timer | undefined

  constructor(socket: Socket, request: RequestHead, response: ResponseHandler, context: UpstreamContext) {
    this.#socket = socket
    this.#outbox = new Outbox(socket, this)
    this.#response = response
    this.#context = context
    this.#connected = false
    this.#over = false
    this.#error = undefined
    this.#lastWords = undefined
    const limit = request.attempt.connectTimeout
    this.#timer = limit === Number.POSITIVE_INFINITY ? undefined : context.clock.schedule(limit, this)
    socket.on('connect', () => this.#event(this.#onConnect, undefined))
    socket.on('data', (chunk: Buffer) => this.#event(this.#onData, chunk))
    socket.on('end', () => this.#event(this.#onEnd, undefined))
    socket.on('close', () => this.#event(this.#onClose, undefined))
    socket.on('drain', () => this.#event(this.#onDrain, undefined))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error
    })
  }

  #event(handle: (argument: Buffer | undefined) => void, argument: Buffer | undefined): void {
    enter()
    try {
      handle.call(this, argument)
    } catch (error) {
      this.#context.defect('tunnel', error)
      this.#socket.destroy()
    } finally {
      leave()
    }
  }

  #onConnect(): void {
    this.#context.clock.cancel(this.#timer)
    this.#connected = true
    this.#response.head(new ResponseHead(200, 'Connection Established', NO_HEADERS, 0, 'upstream', ''))
  }

  #onData(chunk: Buffer | undefined): void {
    if (!this.#over) this.#response.data(chunk as Buffer)
  }

  #onEnd(): void {
    if (this.#over) return
    this.#over = true
    this.#outbox.finish()
    new Parting(this.#socket, this.#context.clock)
    this.#response.end()
  }

  #onClose(): void {
    this.#context.clock.cancel(this.#timer)
    for (const piece of this.#lastWords ?? []) this.#onData(piece)
    const cause = this.#error?.message ?? 'the upstream closed the connection'
    if (this.#connected) this.#fail(new ProxyError('upstream_reset', 'upstream', 'no', cause))
    else this.#fail(new ProxyError(connectReason(this.#error), 'upstream', 'unsent', cause))
  }

  #onDrain(): void {
    this.#outbox.onDrain()
  }

  expired(): void {
    if (!this.#connected)
      this.#fail(new ProxyError('connect_timeout', 'upstream', 'unsent', 'the connect timeout passed'))
  }

  #fail(error: ProxyError): void {
    if (this.#over) return
    this.#over = true
    // Whatever broke off on one side shall not look whole on the other (RFC 9113 §8.5).
    if (this.#connected) breakOff(this.#socket)
    else this.#socket.destroy()
    this.#response.fail(error)
  }

  data(chunk: Buffer): void {
    if (!this.#over) this.#outbox.bytes(chunk)
  }

  end(): void {
    if (!this.#over) this.#outbox.end()
  }

  abort(reason: ProxyError): void {
    this.#fail(reason)
  }

  pauseResponse(): void {
    if (!this.#over) this.#socket.pause()
  }

  resumeResponse(): void {
    if (!this.#over) this.#socket.resume()
  }

  blocked(): void {
    if (!this.#over) this.#response.pauseRequest()
  }

  drained(): void {
    if (!this.#over) this.#response.resumeRequest()
  }

  /** What it said before passes on its way out. */
  refused(): void {
    this.#lastWords ??= lastWords(this.#socket)
  }
}
