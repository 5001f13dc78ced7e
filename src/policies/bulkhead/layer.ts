/** At the door: in, into the queue, or away. */
import type { Clock } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Dispatch, Layer, RequestBody, RequestHead, ResponseHandler } from '../../core/exchange.ts'
import type { HeldBody } from '../../core/held-body.ts'
import { refuse } from '../../core/refuse.ts'
import type { Bulkhead } from './bulkhead.ts'
import { waitBound } from './decide.ts'
import type { Find } from './find.ts'
import { GrpcOccupant } from './grpc-occupant.ts'
import { Occupant, StreamOccupant } from './occupant.ts'
import { type Starter, Waiting } from './waiting.ts'

/** `maxQueueWait` in ms. */
export function bulkheadLayer(find: Find, maxQueueWait: number, clock: Clock, events: PolicyEvents): Layer {
  return (next) => {
    const door = new Door(find, maxQueueWait, clock, events, next)
    return (request, response) => door.dispatch(request, response)
  }
}

const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'the caller left while its request was being sent')

class Door implements Starter {
  readonly clock: Clock
  readonly events: PolicyEvents
  readonly #find: Find
  readonly #maxQueueWait: number
  readonly #next: Dispatch

  constructor(find: Find, maxQueueWait: number, clock: Clock, events: PolicyEvents, next: Dispatch) {
    this.clock = clock
    this.events = events
    this.#find = find
    this.#maxQueueWait = maxQueueWait
    this.#next = next
  }

  dispatch(request: RequestHead, response: ResponseHandler): RequestBody {
    const bulkhead = this.#find.of(request)
    const slots = bulkhead.slots
    if (slots.maxStreams > 0 && request.exchange.route?.stream === true) {
      if (!slots.enterStream()) return this.#refuse(request, response, bulkhead.streamsFull)
      return this.#send(request, new StreamOccupant(response, bulkhead, request, this.events, true))
    }
    const verdict = slots.enter()
    if (verdict === 'run') return this.#send(request, this.#occupant(bulkhead, request, response))
    if (verdict === 'wait') return this.#wait(bulkhead, request, response)
    return this.#refuse(request, response, bulkhead.full)
  }

  run(bulkhead: Bulkhead, request: RequestHead, held: HeldBody): void {
    const occupant = this.#occupant(bulkhead, request, held.gate)
    const down = this.#send(request, occupant)
    if (held.held) {
      held.release(down)
    } else {
      // The caller left inside `next`, and has been told so already.
      occupant.orphaned = true
      down.abort(LEFT)
    }
  }

  #occupant(bulkhead: Bulkhead, request: RequestHead, response: ResponseHandler): Occupant {
    if (bulkhead.slots.maxStreams === 0) return new Occupant(response, bulkhead)
    const { grpc, route } = request.exchange
    if (grpc && route?.stream === undefined) return new GrpcOccupant(response, bulkhead, request, this.events)
    return new StreamOccupant(response, bulkhead, request, this.events, false)
  }

  #send(request: RequestHead, occupant: Occupant): RequestBody {
    return occupant.sentTo(this.#next(request, occupant))
  }

  #wait(bulkhead: Bulkhead, request: RequestHead, response: ResponseHandler): RequestBody {
    const now = this.clock.now()
    const bound = waitBound(now, request.exchange.deadline, this.#maxQueueWait)
    const waiting = new Waiting(this, bulkhead, request, response, now, bound)
    bulkhead.enqueue(waiting)
    return waiting.held
  }

  #refuse(request: RequestHead, response: ResponseHandler, error: ProxyError): RequestBody {
    this.events.bulkheadRejected(request.exchange, error.reason)
    return refuse(response, error)
  }
}
