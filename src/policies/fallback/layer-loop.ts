/**
 * A request for which another service may be asked. The first failure is kept until somebody has a better
 * answer: an upstream's answer stands still meanwhile, and goes up after all when nobody has.
 */
import { branchOf, rejoin } from '../../core/branch.ts'
import type { Clock } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import {
  type Dispatch,
  type Exchange,
  type RequestHead,
  type ResponseHandler,
  ResponseHead,
} from '../../core/exchange.ts'
import { NO_BODY } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { KeptAnswer } from '../../core/kept-answer.ts'
import { type Loop, Outgoing, UNTIL_PAUSED } from '../../core/outgoing.ts'
import type { ReplayAccount } from '../../core/replay-buffer.ts'
import { Giver } from '../../core/giver.ts'
import { askUntil, failsToo, mayAsk, nextForError, nextForHead, reasonOfHead } from './decide.ts'
import type { Entry, LocalEntry, ServiceEntry } from './entry.ts'
import { namesOf, replacing } from './own-fields.ts'
import { REPLACED } from './layer.ts'
import { type Sender, Way } from './way.ts'

export interface ServiceParts {
  readonly http: readonly Entry[]
  readonly grpc: readonly Entry[]
  readonly clock: Clock
  readonly events: PolicyEvents
  readonly account: ReplayAccount
}

const TOO_SLOW = new ProxyError('superseded', 'proxy', 'no', 'the fallback service took too long')

/** Sent where it was meant to go; nothing has come back that counts. */
const LIVE = 0
/** Another service is asked; the first failure is kept. */
const ASKING = 1
/** A head has gone up, or goes up: the end of choosing (G4). */
const DECIDED = 2
/** The asker has left; its `fail` is awaited. */
const LEFT = 3
const OVER = 4

export class FallbackLoop implements Loop, Sender {
  readonly #parts: ServiceParts
  readonly #entries: readonly Entry[]
  readonly #request: RequestHead
  readonly #up: ResponseHandler
  readonly #outgoing: Outgoing
  readonly #first: Way
  /** The one whose answer counts. */
  #current: Way
  #phase: number
  /** The first failure: an upstream's answer, or an error. */
  #kept: KeptAnswer | undefined
  #error: ProxyError | undefined
  #reason: string
  /** The entry that is being tried. */
  #at: number
  /** A 100 went up: the client has been told to send. */
  #continued: boolean

  constructor(parts: ServiceParts, entries: readonly Entry[], request: RequestHead, up: ResponseHandler) {
    this.#parts = parts
    this.#entries = entries
    this.#request = request
    this.#up = up
    this.#outgoing = new Outgoing(this, up, request, parts.account, UNTIL_PAUSED)
    this.#first = new Way(this, undefined)
    this.#current = this.#first
    this.#phase = LIVE
    this.#kept = undefined
    this.#error = undefined
    this.#reason = ''
    this.#at = -1
    this.#continued = false
  }

  send(next: Dispatch): Outgoing {
    this.#outgoing.offer()
    const body = next(this.#request, this.#first)
    this.#first.body = body
    this.#outgoing.down = body
    return this.#outgoing
  }

  informational(way: Way, head: ResponseHead): void {
    if (way !== this.#current || (head.status === 100 && this.#continued)) return
    if (head.status === 100) this.#continued = true
    this.#up.informational(head)
  }

  head(way: Way, head: ResponseHead): void {
    const { grpc } = this.#request.exchange
    if (way.branch !== undefined) {
      this.#headOfService(way, way.branch, head)
    } else if (nextForHead(this.#entries, 0, head, grpc) < 0) {
      this.#decide()
      this.#up.head(head)
    } else {
      this.#kept = new KeptAnswer(head)
      this.#reason = reasonOfHead(head, grpc)
      this.#tryNext()
    }
  }

  data(way: Way, chunk: Buffer): void {
    if (way === this.#first && this.#kept !== undefined) this.#kept.chunks.push(chunk)
    else this.#up.data(chunk)
  }

  end(way: Way, trailers: Headers | undefined): void {
    const kept = this.#kept
    if (way === this.#first && kept !== undefined) {
      kept.ended = true
      kept.trailers = trailers
    } else {
      this.#endUp(trailers)
    }
  }

  fail(way: Way, error: ProxyError): void {
    const kept = this.#kept
    if (way === this.#first && kept !== undefined && this.#phase !== LEFT) {
      kept.error = error
    } else if (this.#phase === LIVE && nextForError(this.#entries, 0, error, this.#request.exchange.grpc) >= 0) {
      this.#error = error
      this.#reason = error.reason
      this.#tryNext()
    } else if (this.#phase === ASKING) {
      this.#joinAgain(way)
      this.#tryNext()
    } else {
      this.#joinAgain(way)
      this.#finish(error)
    }
  }

  pauseRequest(way: Way): void {
    if (way === this.#current) this.#outgoing.pauseRequest()
  }

  resumeRequest(way: Way): void {
    if (way === this.#current) this.#outgoing.resumeRequest()
  }

  expired(way: Way): void {
    if (this.#phase !== ASKING) return
    way.leave(TOO_SLOW)
    this.#joinAgain(way)
    this.#tryNext()
  }

  aborted(reason: ProxyError): void {
    const phase = this.#phase
    if (phase === LEFT || phase === OVER) return
    this.#phase = LEFT
    const kept = this.#kept
    this.#kept = undefined
    if (kept !== undefined && !kept.over) this.#first.leave(reason)
    // What was kept is gone; who else is at work answers by itself.
    if (kept !== undefined && this.#current === this.#first) this.#finish(reason)
    else this.#outgoing.down.abort(reason)
  }

  /** We never wait without somebody at work. */
  overflowed(): void {}

  #headOfService(way: Way, branch: Exchange, head: ResponseHead): void {
    this.#joinAgain(way)
    if (failsToo(head, branch.grpc)) {
      way.leave(REPLACED)
      this.#tryNext()
      return
    }
    const { name, fields } = this.#entries[this.#at] as ServiceEntry
    this.#dropKept()
    this.#decide()
    this.#parts.events.fallbackServed(this.#request.exchange, 'service', this.#reason)
    const headers = replacing(head.headers, namesOf(fields), fields)
    headers.push('x-outrigger-fallback', 'service', 'x-outrigger-fallback-service', name)
    const { status, reasonPhrase, bodyLength } = head
    this.#up.head(new ResponseHead(status, reasonPhrase, headers, bodyLength, 'fallback', this.#reason))
  }

  /** From the entry behind the one that was tried last, to the first that has something. */
  #tryNext(): void {
    for (let at = this.#next(this.#at + 1); at >= 0; at = this.#next(at + 1)) {
      this.#at = at
      const entry = this.#entries[at] as Entry
      const tried = 'answer' in entry ? this.#give(entry) : this.#ask(entry)
      if (tried) return
    }
    this.#at = this.#entries.length
    if (this.#kept === undefined) this.#finish(this.#error as ProxyError)
    else this.#passOn(this.#kept)
  }

  #next(from: number): number {
    const kept = this.#kept
    if (kept !== undefined) return nextForHead(this.#entries, from, kept.head, this.#request.exchange.grpc)
    return nextForError(this.#entries, from, this.#error as ProxyError, this.#request.exchange.grpc)
  }

  /** False: there is nothing at hand. */
  #give(entry: LocalEntry): boolean {
    const request = this.#request
    const given = entry.answer.give(request, this.#reason)
    if (given === undefined) return false
    const outgoing = this.#outgoing
    const kept = this.#kept
    this.#kept = undefined
    this.#decide()
    outgoing.attemptGone()
    const giver = new Giver(this.#parts.clock, this.#up, given, outgoing.responsePaused, request.method !== 'HEAD')
    outgoing.down = giver
    const start = () => this.#start(giver, entry)
    if (kept === undefined || kept.over) start()
    else this.#first.discard(start)
    return true
  }

  #start(giver: Giver, entry: LocalEntry): void {
    if (this.#phase !== DECIDED) return
    this.#outgoing.letFlow()
    this.#parts.events.fallbackServed(this.#request.exchange, entry.answer.kind, this.#reason)
    giver.start()
  }

  /** False: it may not be asked, or there is no time for it. */
  #ask(entry: ServiceEntry): boolean {
    const outgoing = this.#outgoing
    const request = this.#request
    const kept = this.#kept
    // An upstream that has answered may yet have to hear the rest, if its answer is what remains.
    if (kept !== undefined && !kept.over && !outgoing.ended) return false
    if (!mayAsk(request, outgoing.whole)) return false
    const { clock } = this.#parts
    const now = clock.now()
    const until = askUntil(request.exchange, entry.timeout, now)
    if (until <= now) return false
    this.#phase = ASKING
    outgoing.attemptGone()
    if (kept !== undefined && !kept.over) this.#first.body.pauseResponse()
    const branch = branchOf(request.exchange, now, clock.wallTime(), until)
    const way = new Way(this, branch)
    this.#current = way
    way.limit(clock, until - now)
    way.body = entry.dispatch(request.onBranch(branch, !this.#continued && outgoing.bytes === 0), way)
    outgoing.sendAgain(way.body)
    return true
  }

  /** Another service has said its word: its time limit is over, and what it did is told with the rest. */
  #joinAgain(way: Way): void {
    if (way.branch === undefined) return
    way.unlimit(this.#parts.clock)
    rejoin(way.branch)
  }

  #decide(): void {
    this.#phase = DECIDED
    this.#outgoing.letGo()
  }

  #dropKept(): void {
    const kept = this.#kept
    this.#kept = undefined
    if (kept !== undefined && !kept.over) this.#first.leave(REPLACED)
  }

  /** Nobody had a better answer. What comes meanwhile is kept behind it, so that its order stands. */
  #passOn(kept: KeptAnswer): void {
    const outgoing = this.#outgoing
    // What the first one asked for with a pause stands, unless another took its place in between.
    if (this.#current !== this.#first) outgoing.attemptGone()
    this.#current = this.#first
    this.#decide()
    outgoing.down = kept.over ? NO_BODY : this.#first.body
    outgoing.answerKept = true
    this.#up.head(kept.head)
    for (const chunk of kept.chunks) {
      if (this.#phase !== DECIDED) return
      this.#up.data(chunk)
    }
    if (this.#phase !== DECIDED) return
    this.#kept = undefined
    if (kept.ended) this.#endUp(kept.trailers)
    else if (kept.error !== undefined) this.#finish(kept.error)
    else outgoing.goOn()
  }

  #endUp(trailers: Headers | undefined): void {
    this.#phase = OVER
    this.#outgoing.over()
    this.#up.end(trailers)
  }

  #finish(error: ProxyError): void {
    this.#phase = OVER
    this.#outgoing.over()
    this.#up.fail(error)
  }
}
