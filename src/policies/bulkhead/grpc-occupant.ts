/** A gRPC call, which only its messages tell from a stream: the second in either direction makes it one. */
import type { PolicyEvents } from '../../core/events.ts'
import type { RequestBody, RequestHead, ResponseHandler } from '../../core/exchange.ts'
import { ForwardingBody, NO_BODY } from '../../core/forwarding.ts'
import { GrpcMessages } from '../../core/grpc-messages.ts'
import type { Bulkhead } from './bulkhead.ts'
import { StreamOccupant } from './occupant.ts'

export class GrpcOccupant extends StreamOccupant {
  readonly #body: CountedBody
  readonly #answers: GrpcMessages
  /** Its place was given back; its caller may still send. */
  #gone: boolean

  constructor(up: ResponseHandler, bulkhead: Bulkhead, request: RequestHead, events: PolicyEvents) {
    super(up, bulkhead, request, events, false)
    this.#body = new CountedBody(this)
    this.#answers = new GrpcMessages()
    this.#gone = false
  }

  override sentTo(down: RequestBody): RequestBody {
    this.#body.down = super.sentTo(down)
    return this.#body
  }

  override data(chunk: Buffer): void {
    if (this.admits(this.#answers, chunk)) this.up.data(chunk)
  }

  /** Whether the call goes on with this piece of its messages. */
  admits(messages: GrpcMessages, chunk: Buffer): boolean {
    if (this.streaming || this.#gone) return true
    messages.add(chunk)
    return messages.begun < 2 || this.move()
  }

  protected override leave(): void {
    this.#gone = true
    super.leave()
  }
}

class CountedBody extends ForwardingBody {
  readonly #occupant: GrpcOccupant
  readonly #requests: GrpcMessages

  constructor(occupant: GrpcOccupant) {
    super(NO_BODY)
    this.#occupant = occupant
    this.#requests = new GrpcMessages()
  }

  override data(chunk: Buffer): void {
    if (this.#occupant.admits(this.#requests, chunk)) this.down.data(chunk)
  }
}
