/** In shadow mode: everybody passes, and who would not have is reported. */
import type { Clock } from '../../core/clock.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Layer, RequestBody, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingBody, ForwardingHandler, NO_BODY } from '../../core/forwarding.ts'
import { GrpcMessages } from '../../core/grpc-messages.ts'
import type { Headers } from '../../core/headers.ts'
import { isStream } from '../../core/streams.ts'
import { waitBound } from './decide.ts'
import { type ShadowBulkhead, ShadowPlace } from './shadow.ts'

export interface ShadowParts {
  readonly find: (request: RequestHead) => ShadowBulkhead
  /** ms */
  readonly maxQueueWait: number
  readonly clock: Clock
  readonly events: PolicyEvents
  /** What is reported of who finds it full: of an endpoint's bulkhead, that another endpoint would have been picked. */
  readonly full: 'bulkhead_full' | 'endpoint_passed_over'
}

export function shadowBulkheadLayer(parts: ShadowParts): Layer {
  return (next) => (request, up) => {
    const bulkhead = parts.find(request)
    const { grpc, route } = request.exchange
    const ownPlaces = bulkhead.slots.maxStreams > 0
    const visitor = new Visitor(up, request, bulkhead, parts, ownPlaces)
    if (ownPlaces && route?.stream === true) visitor.stream()
    else visitor.enter()
    const down = next(request, visitor)
    return ownPlaces && grpc && route?.stream === undefined ? visitor.counting(down) : down
  }
}

class Visitor extends ForwardingHandler {
  readonly #request: RequestHead
  readonly #parts: ShadowParts
  readonly #place: ShadowPlace
  /** Streams have places of their own. */
  readonly #ownPlaces: boolean
  /** Messages of the answer; undefined where they say nothing. */
  #messages: GrpcMessages | undefined
  #over: boolean

  constructor(
    up: ResponseHandler,
    request: RequestHead,
    bulkhead: ShadowBulkhead,
    parts: ShadowParts,
    ownPlaces: boolean,
  ) {
    super(up)
    this.#request = request
    this.#parts = parts
    this.#place = new ShadowPlace(bulkhead, parts.clock, () => this.#waitedTooLong())
    this.#ownPlaces = ownPlaces
    this.#messages = undefined
    this.#over = false
  }

  enter(): void {
    const { clock, maxQueueWait } = this.#parts
    const wait = waitBound(clock.now(), this.#request.exchange.deadline, maxQueueWait)
    if (!this.#place.enter(wait)) this.#report(this.#parts.full)
  }

  stream(): void {
    if (!this.#over && !this.#place.becomeStream()) this.#report(this.#parts.full)
  }

  /** A gRPC call: the second message in either direction makes it a stream. */
  counting(down: RequestBody): RequestBody {
    this.#messages = new GrpcMessages()
    return new CountedBody(down, this)
  }

  override head(head: ResponseHead): void {
    if (this.#ownPlaces && isStream(this.#request, head)) this.stream()
    this.up.head(head)
  }

  override data(chunk: Buffer): void {
    if (this.#messages !== undefined) this.count(this.#messages, chunk)
    this.up.data(chunk)
  }

  count(messages: GrpcMessages, chunk: Buffer): void {
    if (messages.begun >= 2) return
    messages.add(chunk)
    if (messages.begun >= 2) this.stream()
  }

  override end(trailers?: Headers): void {
    this.#leave()
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    this.#leave()
    this.up.fail(error)
  }

  /** Where its deadline was nearer, that is what it would have died of. */
  #waitedTooLong(): void {
    const { clock } = this.#parts
    if (clock.now() < this.#request.exchange.deadline) this.#report('bulkhead_queue_timeout')
  }

  #leave(): void {
    this.#over = true
    this.#place.leave()
  }

  #report(decision: string): void {
    this.#parts.events.decided(this.#request.exchange, 'bulkhead', decision, 'shadow')
  }
}

class CountedBody extends ForwardingBody {
  readonly #visitor: Visitor
  readonly #messages: GrpcMessages

  constructor(down: RequestBody, visitor: Visitor) {
    super(NO_BODY)
    this.down = down
    this.#visitor = visitor
    this.#messages = new GrpcMessages()
  }

  override data(chunk: Buffer): void {
    this.#visitor.count(this.#messages, chunk)
    this.down.data(chunk)
  }
}
