/**
 * CONNECT to a Service for which there are policies: it is answered at once, and what then comes is found out about as on a
 * redirected connection. HTTP meets the Service's policies request by request; what else there is travels in a tunnel.
 */
// cold file: once a CONNECT
import type { Socket } from 'node:net'
import type { Clock, Timed, Timer } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import {
  type Dispatch,
  type Layer,
  type RequestBody,
  type RequestHead,
  ResponseHead,
  type ResponseHandler,
} from '../core/exchange.ts'
import { NO_HEADERS } from '../core/headers.ts'
import type { OpaqueWhy } from '../core/opaque.ts'
import type { IncomingConnection, ServerOwner } from '../http/server-side.ts'
import { ServerConnection } from '../http1/server.ts'
import { Http2ServerConnection } from '../http2/server.ts'
import { afterReading } from '../net/after-reading.ts'
import { PATIENCE } from './first-word.ts'
import { InnerSocket } from './inner-socket.ts'
import { sniff } from './sniff.ts'

export interface InsideParts {
  readonly clock: Clock
  /** Takes the requests that come inside. */
  owner(): ServerOwner
  /** What came is HTTP, on this connection in the tunnel. */
  begins(connection: IncomingConnection): void
  /** What came is no HTTP, but something else. */
  passes(why: OpaqueWhy): void
}

const MOST_KEPT = 32 * 1024
const NOTHING = Buffer.alloc(0)
/** Too few bytes for anything, within the time there is, are silence. */
const WHYS = { tls: 'tls', opaque: 'not_http', more: 'silence' } as const

export function lookInside(parts: InsideParts): Layer {
  return (next) => (request, response) => new InsideTunnel(request, response, next, parts)
}

class InsideTunnel implements RequestBody, Timed {
  readonly #request: RequestHead
  readonly #upwards: Upwards
  readonly #next: Dispatch
  readonly #parts: InsideParts
  readonly #timer: Timer
  #kept: Buffer
  #ended: boolean
  #over: boolean
  /** The client takes no more of the answer. */
  #paused: boolean
  /** Once it is known: one of both. */
  #codec: ServerConnection | Http2ServerConnection | undefined
  #inner: InnerSocket | undefined
  #bytes: RequestBody | undefined

  constructor(request: RequestHead, response: ResponseHandler, next: Dispatch, parts: InsideParts) {
    this.#request = request
    this.#upwards = new Upwards(this, response)
    this.#next = next
    this.#parts = parts
    this.#timer = parts.clock.schedule(PATIENCE, this)
    this.#kept = NOTHING
    this.#ended = false
    this.#over = false
    this.#paused = false
    this.#codec = undefined
    this.#inner = undefined
    this.#bytes = undefined
    // G1: not before this call has returned.
    queueMicrotask(() => {
      if (!this.#over) response.head(new ResponseHead(200, 'Connection Established', NO_HEADERS, 0, 'upstream', ''))
    })
  }

  /** What the client has sent may be waiting in the kernel, where this process was late: it is read first. */
  expired(): void {
    afterReading(() => this.#look(true))
  }

  // ---------------------------------------------------------------- from the client

  data(chunk: Buffer): void {
    if (this.#over) return
    if (this.#codec !== undefined) this.#codec.receive(chunk)
    else if (this.#bytes !== undefined) this.#bytes.data(chunk)
    else {
      this.#kept = Buffer.concat([this.#kept, chunk])
      this.#look(this.#kept.length >= MOST_KEPT)
    }
  }

  end(): void {
    if (this.#over) return
    this.#ended = true
    if (this.#inner !== undefined) this.#inner.ended()
    else if (this.#bytes !== undefined) this.#bytes.end()
    else this.#look(true)
  }

  abort(reason: ProxyError): void {
    if (this.#over) return
    if (this.#bytes !== undefined) this.#bytes.abort(reason)
    else this.#upwards.fail(reason)
  }

  pauseResponse(): void {
    if (this.#over) return
    this.#paused = true
    this.#inner?.block()
    this.#bytes?.pauseResponse()
  }

  resumeResponse(): void {
    if (this.#over) return
    this.#paused = false
    this.#inner?.unblock()
    this.#bytes?.resumeResponse()
  }

  // ---------------------------------------------------------------- what it is

  /** `late`: nothing more is waited for. */
  #look(late: boolean): void {
    if (this.#over || this.#codec !== undefined || this.#bytes !== undefined) return
    const sniffed = sniff(this.#kept)
    if (sniffed === 'more' && !late) return
    this.#parts.clock.cancel(this.#timer)
    const kept = this.#kept
    // Not to be held for as long as the tunnel lasts.
    this.#kept = NOTHING
    if (sniffed === 'http1' || sniffed === 'http2') this.#http(sniffed === 'http2', kept)
    else this.#pass(kept, WHYS[sniffed])
  }

  #http(isHttp2: boolean, kept: Buffer): void {
    const inner = new InnerSocket(this.#request.exchange, this.#upwards, () => this.#codec?.busy === true)
    const owner = this.#parts.owner()
    const socket = inner as unknown as Socket
    this.#inner = inner
    this.#codec = isHttp2 ? new Http2ServerConnection(socket, owner) : new ServerConnection(socket, owner)
    this.#parts.begins(this.#codec)
    if (this.#paused) inner.block()
    this.#codec.receive(kept)
    if (this.#ended) inner.ended()
  }

  #pass(kept: Buffer, why: OpaqueWhy): void {
    this.#parts.passes(why)
    const bytes = this.#next(this.#request, this.#upwards)
    this.#bytes = bytes
    if (this.#paused) bytes.pauseResponse()
    if (kept.length > 0) bytes.data(kept)
    if (this.#ended) bytes.end()
  }

  /** The terminal is delivered: both directions are over. */
  finished(): void {
    this.#over = true
    this.#parts.clock.cancel(this.#timer)
    this.#inner?.cut()
  }

  refused(cause: string): void {
    this.#bytes?.abort(new ProxyError('protocol_error_upstream', 'upstream', 'no', cause))
  }
}

/** What goes up to the client, from whoever is at the other end. */
class Upwards implements ResponseHandler {
  readonly #tunnel: InsideTunnel
  readonly #response: ResponseHandler

  constructor(tunnel: InsideTunnel, response: ResponseHandler) {
    this.#tunnel = tunnel
    this.#response = response
  }

  informational(): void {}

  /** The client had its 200 long ago. */
  head({ status }: ResponseHead): void {
    if (status < 200 || status >= 300) this.#tunnel.refused(`the upstream answered ${status} where a tunnel was to be`)
  }

  data(chunk: Buffer): void {
    this.#response.data(chunk)
  }

  end(): void {
    this.#tunnel.finished()
    this.#response.end()
  }

  fail(error: ProxyError): void {
    this.#tunnel.finished()
    this.#response.fail(error)
  }

  pauseRequest(): void {
    this.#response.pauseRequest()
  }

  resumeRequest(): void {
    this.#response.resumeRequest()
  }
}
