/** A request that has a place: it gives it back at the terminal, and moves when it proves to be a stream. */
import type { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { RequestBody, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingHandler, NO_BODY } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { isStream } from '../../core/streams.ts'
import type { Bulkhead } from './bulkhead.ts'

/** Holds a slot until the body has ended. */
export class Occupant extends ForwardingHandler {
  protected readonly bulkhead: Bulkhead
  /** What was dispatched beneath. */
  protected down: RequestBody
  /** Its caller left while it was being started: nobody is to be told. */
  orphaned: boolean

  constructor(up: ResponseHandler, bulkhead: Bulkhead) {
    super(up)
    this.bulkhead = bulkhead
    this.down = NO_BODY
    this.orphaned = false
  }

  /** `next` has returned; gives what its caller is to hold. */
  sentTo(down: RequestBody): RequestBody {
    this.down = down
    return down
  }

  override end(trailers?: Headers): void {
    this.leave()
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    this.leave()
    if (!this.orphaned) this.up.fail(error)
  }

  protected leave(): void {
    this.bulkhead.releaseSlot()
  }
}

/** The same where streams have places of their own. */
export class StreamOccupant extends Occupant {
  readonly #request: RequestHead
  readonly #events: PolicyEvents
  /** It has a stream's place. */
  protected streaming: boolean

  constructor(up: ResponseHandler, bulkhead: Bulkhead, request: RequestHead, events: PolicyEvents, streaming: boolean) {
    super(up, bulkhead)
    this.#request = request
    this.#events = events
    this.streaming = streaming
  }

  override head(head: ResponseHead): void {
    if (this.streaming || !isStream(this.#request, head) || this.move()) this.up.head(head)
  }

  /**
   * From its slot to a stream's place. One stream too many is refused, which ends it before this returns false, though the
   * upstream has accepted it: kept in its slot it would sit there for hours, which is what `maxStreams` is there to prevent.
   */
  protected move(): boolean {
    if (this.bulkhead.slots.enterStream()) {
      this.streaming = true
      this.bulkhead.releaseSlot()
      return true
    }
    this.#events.bulkheadRejected(this.#request.exchange, this.bulkhead.streamsFull.reason)
    this.down.abort(this.bulkhead.streamsFull)
    return false
  }

  protected override leave(): void {
    if (this.streaming) this.bulkhead.releaseStream()
    else this.bulkhead.releaseSlot()
  }
}
