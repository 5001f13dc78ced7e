/** In shadow mode: every answer and failure passes, and it is told which entry would have been the one. */
import type { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Layer, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingBody, ForwardingHandler, NO_BODY } from '../../core/forwarding.ts'
import { nextForError, nextForHead, reasonOfHead, type When } from './decide.ts'
import type { Kind } from './local-answer.ts'

export interface ShadowEntry {
  readonly when: When
  readonly kind: Kind
  /** Whether it would have had an answer to give, or somebody to ask. */
  applies(request: RequestHead, reason: string): boolean
}

export function shadowLayer(http: readonly ShadowEntry[], grpc: readonly ShadowEntry[], events: PolicyEvents): Layer {
  return (next) => (request, response) => {
    const entries = request.exchange.grpc ? grpc : http
    if (entries.length === 0 || request.method === 'CONNECT') return next(request, response)
    const body = new WatchedBody()
    body.down = next(request, new Watcher(response, request, entries, events, body))
    return body
  }
}

class Watcher extends ForwardingHandler {
  readonly #request: RequestHead
  readonly #entries: readonly ShadowEntry[]
  readonly #events: PolicyEvents
  readonly #body: WatchedBody
  #committed: boolean

  constructor(
    up: ResponseHandler,
    request: RequestHead,
    entries: readonly ShadowEntry[],
    events: PolicyEvents,
    body: WatchedBody,
  ) {
    super(up)
    this.#request = request
    this.#entries = entries
    this.#events = events
    this.#body = body
    this.#committed = false
  }

  override head(head: ResponseHead): void {
    this.#committed = true
    const { grpc } = this.#request.exchange
    for (let at = nextForHead(this.#entries, 0, head, grpc); at >= 0; ) {
      if (this.#would(this.#entries[at] as ShadowEntry, reasonOfHead(head, grpc))) break
      at = nextForHead(this.#entries, at + 1, head, grpc)
    }
    this.up.head(head)
  }

  override fail(error: ProxyError): void {
    const { grpc } = this.#request.exchange
    let at = this.#committed || this.#body.aborted ? -1 : nextForError(this.#entries, 0, error, grpc)
    while (at >= 0 && !this.#would(this.#entries[at] as ShadowEntry, error.reason)) {
      at = nextForError(this.#entries, at + 1, error, grpc)
    }
    this.up.fail(error)
  }

  #would(entry: ShadowEntry, reason: string): boolean {
    if (!entry.applies(this.#request, reason)) return false
    this.#events.decided(this.#request.exchange, 'fallback', entry.kind, 'shadow')
    return true
  }
}

class WatchedBody extends ForwardingBody {
  aborted: boolean

  constructor() {
    super(NO_BODY)
    this.aborted = false
  }

  override abort(reason: ProxyError): void {
    this.aborted = true
    this.down.abort(reason)
  }
}
