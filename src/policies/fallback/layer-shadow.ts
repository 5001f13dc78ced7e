/** In shadow mode: says which answer the client would have got, and lets the failure pass. */
import type { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Layer, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingBody, ForwardingHandler, NO_BODY } from '../../core/forwarding.ts'
import { firstForError, firstForHead, type When } from './decide.ts'

export interface ShadowEntry {
  readonly when: When
  /** `use`: what is reported. */
  readonly kind: string
}

/** `grpc` is for gRPC calls, `http` for all others. */
export function shadowFallbackLayer(
  http: readonly ShadowEntry[],
  grpc: readonly ShadowEntry[],
  events: PolicyEvents,
): Layer {
  return (next) => (request, response) => {
    const entries = request.exchange.grpc ? grpc : http
    if (entries.length === 0 || request.method === 'CONNECT') return next(request, response)
    const onlooker = new Onlooker(response, request, entries, events)
    onlooker.body.down = next(request, onlooker)
    return onlooker.body
  }
}

class Onlooker extends ForwardingHandler {
  readonly body: WatchedBody
  readonly #request: RequestHead
  readonly #entries: readonly ShadowEntry[]
  readonly #events: PolicyEvents
  /** A head went up: what breaks afterwards cannot be replaced. */
  #committed: boolean

  constructor(up: ResponseHandler, request: RequestHead, entries: readonly ShadowEntry[], events: PolicyEvents) {
    super(up)
    this.body = new WatchedBody()
    this.#request = request
    this.#entries = entries
    this.#events = events
    this.#committed = false
  }

  override head(head: ResponseHead): void {
    this.#committed = true
    this.#report(firstForHead(this.#entries, head, this.#request.exchange.grpc))
    this.up.head(head)
  }

  override fail(error: ProxyError): void {
    if (!this.#committed && !this.body.aborted) this.#report(firstForError(this.#entries, error))
    this.up.fail(error)
  }

  #report(entry: ShadowEntry | undefined): void {
    if (entry !== undefined) this.#events.decided(this.#request.exchange, 'fallback', entry.kind, 'shadow')
  }
}

class WatchedBody extends ForwardingBody {
  /** The caller left: nobody is there to be served. */
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
