/**
 * A request that has no key yet: the store has not answered, or another request has the key. A duplicate's body is read while
 * it waits, for an answer may only be given to the same payload.
 */
import { Giver } from '../../core/giver.ts'
import type { Timed, Timer } from '../../core/clock.ts'
import type { ProxyError } from '../../core/errors.ts'
import {
  type Dispatch,
  type RequestBody,
  type RequestHead,
  type ResponseHandler,
  ResponseHead,
} from '../../core/exchange.ts'
import { Gate } from '../../core/held-body.ts'
import { type Headers, NO_HEADERS } from '../../core/headers.ts'
import type { StoredAnswer } from './answer.ts'
import { silenceBound, waitBound } from './decide.ts'
import { KeptRequest } from './kept-request.ts'
import { Leader, type LeaderRules } from './leader.ts'
import { IN_FLIGHT_ERROR, LEFT, MISMATCH_ERROR, STALLED, UNAVAILABLE_ERROR, UNKNOWN_ERROR } from './refusals.ts'
import { replayOf } from './replay.ts'
import type { Asker, Lease, Look, Store } from './store.ts'

/** The store is asked: one read is kept, then the asker is paused. */
const ASKING = 0
/** The key is known: all that comes is read. */
const READING = 1
/** The request goes down, what was kept first. */
const SENDING = 2
/** All passes. */
const PASSING = 3
/** A kept answer goes up. */
const ANSWERING = 4
const OVER = 5

const CONTINUE = new ResponseHead(100, 'Continue', NO_HEADERS, 0, 'proxy', '')

/** The door it waits at. */
export interface WaitingOwner extends LeaderRules {
  readonly store: Store
  readonly next: Dispatch
  /** A duplicate waits; else it is refused. */
  readonly waits: boolean
  /** Without its store a request goes on unprotected; else it is refused. */
  readonly proceeds: boolean
  count(request: RequestHead, result: string): void
  refused(request: RequestHead, error: ProxyError): void
}

export class Waiting implements RequestBody, Asker, Timed {
  readonly #door: WaitingOwner
  readonly #key: string
  readonly #request: RequestHead
  readonly #gate: Gate
  #phase: number
  #down: RequestBody | undefined
  #leader: Leader | undefined
  readonly #kept: KeptRequest
  #paused: boolean
  #answer: StoredAnswer | undefined
  #timer: Timer | undefined
  /** Something of its body came since the last look. */
  #moved: boolean

  constructor(door: WaitingOwner, key: string, request: RequestHead, response: ResponseHandler) {
    this.#door = door
    this.#key = key
    this.#request = request
    this.#gate = new Gate(response)
    this.#phase = ASKING
    this.#down = undefined
    this.#leader = undefined
    this.#kept = new KeptRequest(door.account, door.maxBodyBytes)
    this.#paused = false
    this.#answer = undefined
    this.#timer = undefined
    this.#moved = false
  }

  // ---------------------------------------------------------------- what the store says

  told(look: Look): void {
    if (this.#phase > READING) {
      if (look.found === 'leased') look.lease.settle('free', undefined)
      return
    }
    switch (look.found) {
      case 'leased':
        this.#leased(look.lease)
        break
      case 'done':
        this.found(look.answer)
        break
      case 'in_flight':
        if (this.#door.waits) this.wait()
        else this.#refuse(IN_FLIGHT_ERROR)
        break
      case 'unknown':
        this.#refuse(UNKNOWN_ERROR)
        break
      case 'full':
        this.#unprotected('store_full')
        break
      case 'failed':
        if (this.#door.proceeds) this.#unprotected('store_error')
        else this.#refuse(UNAVAILABLE_ERROR)
    }
  }

  /** The key has an answer: given once the whole request proves to be the same. */
  found(answer: StoredAnswer): void {
    this.#answer = answer
    this.#read()
    if (this.#kept.ended) this.#compare(answer)
    else this.#watch()
  }

  /** Another request has the key. */
  wait(): void {
    const { clock, store } = this.#door
    this.#door.count(this.#request, 'waited')
    this.#timer = clock.schedule(waitBound(clock.now(), this.#request.exchange.deadline), this)
    store.wait(this.#key, this)
    this.#read()
  }

  expired(): void {
    this.#timer = undefined
    if (this.#answer === undefined) this.#refuse(IN_FLIGHT_ERROR)
    else if (this.#moved && this.#door.clock.now() < this.#request.exchange.deadline) this.#watch()
    else this.#end(STALLED)
  }

  /** The rest of its body is all that is waited for, and no timeout layer is beneath that would see it stall. */
  #watch(): void {
    const { clock } = this.#door
    clock.cancel(this.#timer)
    this.#moved = false
    this.#timer = clock.schedule(silenceBound(clock.now(), this.#request.exchange.deadline), this)
  }

  #read(): void {
    if (this.#phase === READING) return
    this.#phase = READING
    this.#kept.startReading(this.#request)
    // The 100 would be the upstream's to send, and it is not asked. In a microtask: `dispatch` may not have returned (G1).
    if (!this.#kept.ended && this.#request.expectContinue) queueMicrotask(() => this.#continue())
    this.#gate.unhold()
  }

  #continue(): void {
    if (this.#phase === READING && !this.#kept.ended) this.#gate.informational(CONTINUE)
  }

  // ---------------------------------------------------------------- how it goes on

  #leased(lease: Lease): void {
    if (!this.#kept.whole) {
      // Too much to be sent now; whoever asks again finds the key free.
      lease.settle('free', undefined)
      this.#refuse(IN_FLIGHT_ERROR)
      return
    }
    this.#leader = new Leader(this.#gate, this.#request, lease, this.#door)
    this.#send(this.#leader)
  }

  #unprotected(why: string): void {
    this.#door.count(this.#request, why)
    if (this.#kept.whole) this.#send(this.#gate)
    else this.#refuse(IN_FLIGHT_ERROR)
  }

  #send(response: ResponseHandler): void {
    this.#settleDown(SENDING)
    const { attempt } = this.#request
    const request = this.#request.forAttempt(attempt, this.#kept.untouched)
    const body = this.#door.next(request, response)
    const down = this.#leader === undefined ? body : this.#leader.sentTo(body)
    if (this.#phase === OVER) {
      // The asker left inside `next`, and has been told so already.
      down.abort(LEFT)
      return
    }
    this.#down = down
    if (this.#paused) down.pauseResponse()
    this.#kept.sendInto(down)
    if (this.#phase === SENDING) this.#phase = PASSING
    this.#kept.endInto(down)
    this.#gate.unhold()
  }

  #compare(answer: StoredAnswer): void {
    if (answer.print !== this.#kept.print) {
      this.#refuse(MISMATCH_ERROR)
      return
    }
    this.#settleDown(ANSWERING)
    this.#kept.drop()
    this.#door.count(this.#request, 'replayed')
    const replay = new Giver(this.#door.clock, this.#gate, replayOf(answer), this.#paused, true)
    this.#down = replay
    replay.start()
  }

  #refuse(error: ProxyError): void {
    this.#door.refused(this.#request, error)
    this.#end(error)
  }

  #end(error: ProxyError): void {
    this.#settleDown(OVER)
    this.#kept.drop()
    this.#gate.fail(error)
  }

  /** The store and the clock have nothing more to tell. */
  #settleDown(phase: number): void {
    this.#phase = phase
    this.#door.clock.cancel(this.#timer)
    this.#door.store.forget(this)
  }

  // ---------------------------------------------------------------- what the asker says

  data(chunk: Buffer): void {
    switch (this.#phase) {
      case ASKING:
        this.#kept.add(chunk)
        this.#gate.hold()
        return
      case READING:
        this.#moved = true
        this.#kept.read(chunk)
        return
      case SENDING:
        this.#kept.add(chunk)
        return
      case PASSING:
        this.#down?.data(chunk)
    }
  }

  end(trailers?: Headers): void {
    if (this.#phase === PASSING) {
      this.#down?.end(trailers)
      return
    }
    if (this.#kept.ended) return
    this.#kept.end(trailers)
    if (this.#phase === READING && this.#answer !== undefined) this.#compare(this.#answer)
  }

  abort(reason: ProxyError): void {
    if (this.#phase === OVER) return
    if (this.#down !== undefined) {
      this.#down.abort(reason)
      return
    }
    this.#end(reason)
  }

  pauseResponse(): void {
    this.#paused = true
    this.#down?.pauseResponse()
  }

  resumeResponse(): void {
    this.#paused = false
    this.#down?.resumeResponse()
  }
}
