/**
 * The request that holds a key: what passes is taken down, and its end decides what becomes of the key. A client that leaves
 * once its request is whole leaves only its place: the application has the request already, and whoever asks again with the
 * same key, the same client most of all, shall find the answer and not a key in doubt.
 */
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import { type RequestBody, type RequestHead, type ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { NO_BODY } from '../../core/forwarding.ts'
import { has, type Headers, withField } from '../../core/headers.ts'
import type { ReplayAccount } from '../../core/replay-buffer.ts'
import { isStream } from '../../core/streams.ts'
import { Recording } from './answer.ts'
import { aloneBound, fateOf } from './decide.ts'
import { Fingerprint } from './fingerprint.ts'
import type { Lease } from './store.ts'

export interface LeaderRules {
  /** Of either body. */
  readonly maxBodyBytes: number
  /** Of answers while they come, and of requests that wait. */
  readonly account: ReplayAccount
  readonly clock: Clock
  readonly events: PolicyEvents
}

const NOT_KEPT = new ProxyError('client_cancelled', 'downstream', 'no', 'the client left, and the answer is too large')
const TOO_LONG = new ProxyError('request_timeout', 'proxy', 'no', 'went on for too long after its client had left')

export class Leader implements ResponseHandler, Timed {
  readonly body: LeaderBody
  readonly #up: ResponseHandler
  readonly #request: RequestHead
  readonly #lease: Lease
  readonly #rules: LeaderRules
  readonly #recording: Recording
  #left: boolean
  #timer: Timer | undefined

  constructor(up: ResponseHandler, request: RequestHead, lease: Lease, rules: LeaderRules) {
    this.body = new LeaderBody(this, request, rules.maxBodyBytes)
    this.#up = up
    this.#request = request
    this.#lease = lease
    this.#rules = rules
    this.#recording = new Recording(rules.account, rules.maxBodyBytes)
    request.exchange.guarded = true
    this.#left = false
    this.#timer = undefined
  }

  /** `next` has returned; gives what the asker is to hold. */
  sentTo(down: RequestBody): RequestBody {
    this.body.down = down
    return this.body
  }

  /** Somebody will have something of what comes, though the client leaves. */
  get keeps(): boolean {
    return !this.#recording.lost
  }

  /** The client left after its whole request had gone down. `paused`: it read no more. */
  leave(reason: ProxyError, paused: boolean): void {
    const { clock } = this.#rules
    this.#left = true
    this.#timer = clock.schedule(aloneBound(clock.now(), this.#request.exchange.deadline), this)
    if (paused) this.body.down.resumeResponse()
    this.#up.fail(reason)
  }

  expired(): void {
    this.#timer = undefined
    this.body.down.abort(TOO_LONG)
  }

  informational(head: ResponseHead): void {
    if (!this.#left) this.#up.informational(head)
  }

  head(came: ResponseHead): void {
    const head = dated(came, this.#rules.clock)
    this.#recording.head = head
    if (isStream(this.#request, head) || head.bodyLength > this.#rules.maxBodyBytes) this.#recording.lose()
    if (!this.#left) this.#up.head(head)
    else if (this.#recording.lost) this.body.down.abort(NOT_KEPT)
  }

  data(chunk: Buffer): void {
    this.#recording.data(chunk)
    if (!this.#left) this.#up.data(chunk)
    else if (this.#recording.lost) this.body.down.abort(NOT_KEPT)
  }

  end(trailers?: Headers): void {
    this.#settle(this.#recording.head, trailers)
    if (!this.#left) this.#up.end(trailers)
  }

  fail(error: ProxyError): void {
    this.#settle(undefined, undefined)
    if (!this.#left) this.#up.fail(error)
  }

  pauseRequest(): void {
    if (!this.#left) this.#up.pauseRequest()
  }

  resumeRequest(): void {
    if (!this.#left) this.#up.resumeRequest()
  }

  #settle(head: ResponseHead | undefined, trailers: Headers | undefined): void {
    const { clock, events } = this.#rules
    clock.cancel(this.#timer)
    this.body.over = true
    const { exchange } = this.#request
    const { print, tooLarge } = this.body
    const lost = this.#recording.lost || tooLarge
    const complete = print !== '' && !lost
    const { grpc, reached } = exchange
    const fate = fateOf({ head, trailers, grpc, reached, complete })
    const answer = fate === 'done' ? this.#recording.answer(print, trailers) : undefined
    this.#recording.drop()
    this.#lease.settle(fate, answer)
    const large = fate === 'unknown' && lost && head !== undefined
    events.decided(exchange, 'idempotency', large ? 'too_large' : WORDS[fate], 'enforce')
  }
}

/** RFC 9110 §6.6.1: what is kept without a Date gets that of its coming, which is no other when it is given once more. */
function dated(head: ResponseHead, clock: Clock): ResponseHead {
  if (has(head.headers, 'date')) return head
  const { status, reasonPhrase, headers, bodyLength, origin, reason } = head
  const date = new Date(clock.wallTime()).toUTCString()
  return new ResponseHead(status, reasonPhrase, withField(headers, 'date', date), bodyLength, origin, reason)
}

const WORDS = { done: 'stored', free: 'freed', unknown: 'left_unknown' } as const

/** The request of a leader, hashed as it passes. */
class LeaderBody implements RequestBody {
  down: RequestBody
  over: boolean
  /** The client has left; what comes from it goes nowhere. */
  #gone: boolean
  /** Of the whole request; '' until it is whole. */
  print: string
  tooLarge: boolean
  readonly #leader: Leader
  readonly #fingerprint: Fingerprint
  readonly #limit: number
  #bytes: number
  #paused: boolean

  constructor(leader: Leader, request: RequestHead, limit: number) {
    this.down = NO_BODY
    this.over = false
    this.#gone = false
    this.print = ''
    this.tooLarge = false
    this.#leader = leader
    this.#fingerprint = new Fingerprint(request)
    this.#limit = limit
    this.#bytes = 0
    this.#paused = false
  }

  data(chunk: Buffer): void {
    if (this.over || this.print !== '') return
    this.#bytes += chunk.length
    if (this.#bytes > this.#limit) this.tooLarge = true
    else this.#fingerprint.add(chunk)
    this.down.data(chunk)
  }

  end(trailers?: Headers): void {
    if (this.over || this.print !== '') return
    this.print = this.#fingerprint.end()
    this.down.end(trailers)
  }

  abort(reason: ProxyError): void {
    if (this.over || this.#gone) return
    // What is not whole cannot be carried out; what cannot be kept is of use to nobody.
    if (this.print === '' || this.tooLarge || !this.#leader.keeps) {
      this.down.abort(reason)
      return
    }
    this.#gone = true
    this.#leader.leave(reason, this.#paused)
  }

  pauseResponse(): void {
    if (this.#gone) return
    this.#paused = true
    this.down.pauseResponse()
  }

  resumeResponse(): void {
    if (this.#gone) return
    this.#paused = false
    this.down.resumeResponse()
  }
}
