/** Outermost of the policies: a failure goes no further when an entry answers for it. */
import { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Layer, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingBody, ForwardingHandler, NO_BODY } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { firstForError, firstForHead, type When } from './decide.ts'
import type { Answer } from './static-answer.ts'

export interface Entry {
  readonly when: When
  readonly answer: Answer
}

/**
 * `grpc` is for gRPC calls, `http` for all others. A CONNECT is left alone: a 200 of ours would be a tunnel to nobody.
 */
export function fallbackLayer(http: readonly Entry[], grpc: readonly Entry[], events: PolicyEvents): Layer {
  return (next) => (request, response) => {
    const entries = request.exchange.grpc ? grpc : http
    if (entries.length === 0 || request.method === 'CONNECT') return next(request, response)
    const rescuer = new Rescuer(response, request, entries, events)
    rescuer.body.down = next(request, rescuer)
    return rescuer.body
  }
}

const REPLACED = new ProxyError('superseded', 'proxy', 'no', 'a fallback took its place')

class Rescuer extends ForwardingHandler {
  readonly body: RescuedBody
  readonly #request: RequestHead
  readonly #entries: readonly Entry[]
  readonly #events: PolicyEvents
  /** A head was passed up: nothing can be replaced any more. */
  #committed: boolean
  /** An answer of ours takes the place of what comes from below. */
  #replaced: boolean
  /** The terminal was delivered. */
  #over: boolean

  constructor(up: ResponseHandler, request: RequestHead, entries: readonly Entry[], events: PolicyEvents) {
    super(up)
    this.body = new RescuedBody(this)
    this.#request = request
    this.#entries = entries
    this.#events = events
    this.#committed = false
    this.#replaced = false
    this.#over = false
  }

  override head(head: ResponseHead): void {
    const entry = firstForHead(this.#entries, head, this.#request.exchange.grpc)
    if (entry === undefined) {
      this.#committed = true
      this.up.head(head)
      return
    }
    this.#replaced = true
    this.body.down.abort(REPLACED)
    this.#answer(entry, String(head.status))
  }

  override end(trailers?: Headers): void {
    this.#over = true
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    // The end of what was replaced.
    if (this.#replaced) return
    const entry = this.#committed || this.body.aborted ? undefined : firstForError(this.#entries, error)
    if (entry === undefined) {
      this.#over = true
      this.up.fail(error)
      return
    }
    this.#replaced = true
    this.#answer(entry, error.reason)
  }

  /** The client left while it was given our answer, when nobody is below any more to say so. */
  abort(reason: ProxyError): boolean {
    if (!this.#replaced) return false
    if (this.#over) return true
    this.#over = true
    this.up.fail(reason)
    return true
  }

  /** Each call up may come back with an abort (G9). */
  #answer(entry: Entry, reason: string): void {
    if (this.#over) return
    const request = this.#request
    const body = entry.answer.body(request)
    this.#events.fallbackServed(request.exchange, 'static', reason)
    this.up.head(entry.answer.head(request, body.length, reason))
    if (!this.#over && body.length > 0 && request.method !== 'HEAD') this.up.data(body)
    if (this.#over) return
    this.#over = true
    this.up.end()
  }
}

class RescuedBody extends ForwardingBody {
  /** The caller left: its abort is answered by a `fail`, not by a fallback. */
  aborted: boolean
  readonly #rescuer: Rescuer

  constructor(rescuer: Rescuer) {
    super(NO_BODY)
    this.aborted = false
    this.#rescuer = rescuer
  }

  override abort(reason: ProxyError): void {
    this.aborted = true
    if (!this.#rescuer.abort(reason)) this.down.abort(reason)
  }
}
