/**
 * A request that has no key yet: the store has not answered, or another request has the key. A duplicate's body is read while
 * it waits, for an answer may only be given to the same payload, and kept as far as there is room, in case it has to be sent
 * after all.
 */
import { Giver } from '../../core/giver.ts'
import type { Timed, Timer } from '../../core/clock.ts'
import type { ProxyError } from '../../core/errors.ts'
import { type RequestBody, type RequestHead, type ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { Gate } from '../../core/held-body.ts'
import { type Headers, NO_HEADERS } from '../../core/headers.ts'
import { ownCopy } from '../../core/own-copy.ts'
import type { StoredAnswer } from './answer.ts'
import { waitBound } from './decide.ts'
import type { Door } from './door.ts'
import { Fingerprint } from './fingerprint.ts'
import { Leader } from './leader.ts'
import { IN_FLIGHT_ERROR, LEFT, MISMATCH_ERROR, UNAVAILABLE_ERROR, UNKNOWN_ERROR } from './refusals.ts'
import { replayOf } from './replay.ts'
import type { Asker, Lease, Look } from './store.ts'

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

export class Waiting implements RequestBody, Asker, Timed {
  readonly #door: Door
  readonly #key: string
  readonly #request: RequestHead
  readonly #gate: Gate
  #phase: number
  #down: RequestBody | undefined
  #leader: Leader | undefined
  /** What came so far; undefined once it is more than may be kept. */
  #chunks: Buffer[] | undefined
  /** Of them, charged to the account of the process. */
  #charged: number
  #bytes: number
  #fingerprint: Fingerprint | undefined
  #print: string
  #ended: boolean
  #trailers: Headers | undefined
  #paused: boolean
  #answer: StoredAnswer | undefined
  #timer: Timer | undefined

  constructor(door: Door, key: string, request: RequestHead, response: ResponseHandler) {
    this.#door = door
    this.#key = key
    this.#request = request
    this.#gate = new Gate(response)
    this.#phase = ASKING
    this.#down = undefined
    this.#leader = undefined
    this.#chunks = []
    this.#charged = 0
    this.#bytes = 0
    this.#fingerprint = undefined
    this.#print = ''
    this.#ended = false
    this.#trailers = undefined
    this.#paused = false
    this.#answer = undefined
    this.#timer = undefined
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
    if (this.#ended) this.#compare(answer)
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
    this.#refuse(IN_FLIGHT_ERROR)
  }

  #read(): void {
    if (this.#phase === READING) return
    this.#phase = READING
    const fingerprint = new Fingerprint(this.#request)
    this.#fingerprint = fingerprint
    const came = this.#chunks ?? []
    this.#chunks = []
    for (const chunk of came) {
      fingerprint.add(chunk)
      this.#keep(chunk)
    }
    if (this.#ended) this.#print = fingerprint.end()
    // The 100 would be the upstream's to send, and it is not asked. In a microtask: `dispatch` may not have returned (G1).
    else if (this.#request.expectContinue) queueMicrotask(() => this.#continue())
    this.#gate.unhold()
  }

  #continue(): void {
    if (this.#phase === READING && !this.#ended) this.#gate.informational(CONTINUE)
  }

  #keep(chunk: Buffer): void {
    if (this.#chunks === undefined) return
    const { account, maxBodyBytes } = this.#door
    const size = chunk.length
    this.#bytes += size
    if (this.#bytes > maxBodyBytes || account.used + size > account.limit) {
      this.#drop()
      return
    }
    account.used += size
    this.#charged += size
    this.#chunks.push(ownCopy(chunk))
  }

  #drop(): void {
    this.#door.account.used -= this.#charged
    this.#charged = 0
    this.#chunks = undefined
  }

  // ---------------------------------------------------------------- how it goes on

  #leased(lease: Lease): void {
    if (this.#chunks === undefined) {
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
    if (this.#chunks === undefined) this.#refuse(IN_FLIGHT_ERROR)
    else this.#send(this.#gate)
  }

  #send(response: ResponseHandler): void {
    this.#settleDown(SENDING)
    const { attempt } = this.#request
    const request = this.#request.forAttempt(attempt, this.#bytes === 0 && this.#fingerprint === undefined)
    const body = this.#door.next(request, response)
    const down = this.#leader === undefined ? body : this.#leader.sentTo(body)
    if (this.#phase === OVER) {
      // The asker left inside `next`, and has been told so already.
      down.abort(LEFT)
      return
    }
    this.#down = down
    if (this.#paused) down.pauseResponse()
    // What the asker sends from inside a call of ours lands behind what is kept.
    for (let i = 0; this.#chunks !== undefined && i < this.#chunks.length; i++) down.data(this.#chunks[i] as Buffer)
    this.#drop()
    if (this.#phase === SENDING) this.#phase = PASSING
    if (this.#ended) down.end(this.#trailers)
    this.#gate.unhold()
  }

  #compare(answer: StoredAnswer): void {
    if (answer.print !== this.#print) {
      this.#refuse(MISMATCH_ERROR)
      return
    }
    this.#settleDown(ANSWERING)
    this.#drop()
    this.#door.count(this.#request, 'replayed')
    const replay = new Giver(this.#gate, replayOf(answer), this.#paused, true)
    this.#down = replay
    replay.start()
  }

  #refuse(error: ProxyError): void {
    this.#settleDown(OVER)
    this.#drop()
    this.#door.refused(this.#request, error)
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
        this.#chunks?.push(chunk)
        this.#bytes += chunk.length
        this.#gate.hold()
        return
      case READING:
        this.#fingerprint?.add(chunk)
        this.#keep(chunk)
        return
      case SENDING:
        this.#chunks?.push(chunk)
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
    if (this.#ended) return
    this.#ended = true
    this.#trailers = trailers
    if (this.#phase !== READING) return
    this.#print = this.#fingerprint?.end() ?? ''
    if (this.#answer !== undefined) this.#compare(this.#answer)
  }

  abort(reason: ProxyError): void {
    if (this.#phase === OVER) return
    if (this.#down !== undefined) {
      this.#down.abort(reason)
      return
    }
    this.#settleDown(OVER)
    this.#drop()
    this.#gate.fail(reason)
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
