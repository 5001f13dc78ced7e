/** Outermost of the policies: a failure goes no further when an answer is at hand for it. */
import type { Clock } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Layer, RequestBody, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingBody, ForwardingHandler, NO_BODY } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { nextForError, nextForHead, reasonOfHead } from './decide.ts'
import type { LocalEntry } from './entry.ts'
import type { Kind } from './local-answer.ts'
import { Giver } from '../../core/giver.ts'
import type { Given } from '../../core/giver.ts'

/**
 * `grpc` is for gRPC calls, `http` for all others. A CONNECT is left alone: a 200 of ours would be a tunnel to nobody.
 */
export function fallbackLayer(
  http: readonly LocalEntry[],
  grpc: readonly LocalEntry[],
  clock: Clock,
  events: PolicyEvents,
): Layer {
  return (next) => (request, response) => {
    const entries = request.exchange.grpc ? grpc : http
    if (entries.length === 0 || request.method === 'CONNECT') return next(request, response)
    const handler = new FallbackHandler(response, request, entries, clock, events)
    handler.body.down = next(request, handler)
    return handler.body
  }
}

export const REPLACED = new ProxyError('superseded', 'proxy', 'no', 'a fallback took its place')

/**
 * Nobody wants the rest of an answer whose head has just come. Most failures stand whole in the read that brings their head: that
 * much is waited for, or each would cost its connection just when the upstream is in trouble.
 */
export function discard(beneath: RequestBody, then: () => void): void {
  queueMicrotask(() => {
    beneath.abort(REPLACED)
    then()
  })
}

class FallbackHandler extends ForwardingHandler {
  readonly body: FallbackBody
  readonly #request: RequestHead
  readonly #entries: readonly LocalEntry[]
  readonly #clock: Clock
  readonly #events: PolicyEvents
  /** A head was passed up: nothing can be replaced any more. */
  #committed: boolean
  /** An answer of ours takes the place of what comes from below. */
  #replaced: boolean
  #requestPaused: boolean

  constructor(
    up: ResponseHandler,
    request: RequestHead,
    entries: readonly LocalEntry[],
    clock: Clock,
    events: PolicyEvents,
  ) {
    super(up)
    this.body = new FallbackBody()
    this.#request = request
    this.#entries = entries
    this.#clock = clock
    this.#events = events
    this.#committed = false
    this.#replaced = false
    this.#requestPaused = false
  }

  override pauseRequest(): void {
    if (this.#replaced) return
    this.#requestPaused = true
    this.up.pauseRequest()
  }

  override resumeRequest(): void {
    if (this.#replaced) return
    this.#requestPaused = false
    this.up.resumeRequest()
  }

  override head(head: ResponseHead): void {
    const { grpc } = this.#request.exchange
    let at = nextForHead(this.#entries, 0, head, grpc)
    if (at >= 0) {
      const reason = reasonOfHead(head, grpc)
      for (; at >= 0; at = nextForHead(this.#entries, at + 1, head, grpc)) {
        const given = (this.#entries[at] as LocalEntry).answer.give(this.#request, reason)
        if (given === undefined) continue
        this.#replaced = true
        const beneath = this.body.down
        const giver = this.#giverOf(given)
        const { kind } = (this.#entries[at] as LocalEntry).answer
        // The attempt has ended before its client is told anything.
        discard(beneath, () => this.#give(giver, kind, reason))
        return
      }
    }
    this.#committed = true
    this.up.head(head)
  }

  override data(chunk: Buffer): void {
    if (!this.#replaced) this.up.data(chunk)
  }

  override end(trailers?: Headers): void {
    if (!this.#replaced) this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    // The end of what was replaced.
    if (this.#replaced) return
    if (!this.#committed && !this.body.aborted) {
      const { grpc } = this.#request.exchange
      let at = nextForError(this.#entries, 0, error, grpc)
      for (; at >= 0; at = nextForError(this.#entries, at + 1, error, grpc)) {
        const given = (this.#entries[at] as LocalEntry).answer.give(this.#request, error.reason)
        if (given === undefined) continue
        this.#replaced = true
        this.#give(this.#giverOf(given), (this.#entries[at] as LocalEntry).answer.kind, error.reason)
        return
      }
    }
    this.up.fail(error)
  }

  /** From here on the asker speaks to it. */
  #giverOf(given: Given): Giver {
    const giver = new Giver(this.#clock, this.up, given, this.body.paused, this.#request.method !== 'HEAD')
    this.body.down = giver
    return giver
  }

  #give(giver: Giver, kind: Kind, reason: string): void {
    if (this.body.aborted) return
    // Whoever was beneath does not want the rest any more, and a client may read only once it has sent all.
    if (this.#requestPaused) this.up.resumeRequest()
    this.#events.fallbackServed(this.#request.exchange, kind, reason)
    giver.start()
  }
}

class FallbackBody extends ForwardingBody {
  /** The caller left: its abort is answered by a `fail`, not by a fallback. */
  aborted: boolean
  /** The asker's wish: an answer of ours keeps to it. */
  paused: boolean

  constructor() {
    super(NO_BODY)
    this.aborted = false
    this.paused = false
  }

  override abort(reason: ProxyError): void {
    this.aborted = true
    this.down.abort(reason)
  }

  override pauseResponse(): void {
    this.paused = true
    this.down.pauseResponse()
  }

  override resumeResponse(): void {
    this.paused = false
    this.down.resumeResponse()
  }
}
