/** The scripted end beneath the subject: each dispatch is a call that answers as told and keeps the contract. */
import { ProxyError, type Reason, type Retryable } from '../../src/core/errors.ts'
import {
  type Dispatch,
  type RequestBody,
  type RequestHead,
  type ResponseHandler,
  ResponseHead,
} from '../../src/core/exchange.ts'
import type { Headers } from '../../src/core/headers.ts'
import { matches, pattern } from './exchanges.ts'
import { bodyFollows } from './heads.ts'
import type { AnswererEvent, AnswererReaction } from './history.ts'

/** After a pause no more than this comes: what was read already. */
const READ_ALREADY = 30_000

/** What the asker says of a request, for the answerer to hold against what reached it. */
export interface RequestRecord {
  readonly who: number
  readonly sent: number
  readonly ended: boolean
  readonly trailers: Headers | undefined
}

export class Answerer {
  readonly calls: AnswererCall[] = []
  readonly reactions: { event: AnswererEvent; react: AnswererReaction }[] = []
  readonly problems: string[] = []
  readonly asked: (request: RequestHead) => RequestRecord | undefined

  constructor(asked: (request: RequestHead) => RequestRecord | undefined) {
    this.asked = asked
  }

  readonly dispatch: Dispatch = (request, response) => {
    const call = new AnswererCall(this, this.calls.length + 1, request, response)
    this.calls.push(call)
    return call
  }

  /** The calls that run. */
  get running(): AnswererCall[] {
    return this.calls.filter((call) => call.terminal === '')
  }
}

export class AnswererCall implements RequestBody {
  readonly number: number
  readonly request: RequestHead
  readonly #answerer: Answerer
  readonly #response: ResponseHandler
  terminal = ''
  headSent: ResponseHead | undefined
  sent = 0
  #sentPaused = 0
  trailers: Headers | undefined
  requestPaused = false
  responsePaused = false
  received = 0
  requestEnded = false

  constructor(answerer: Answerer, number: number, request: RequestHead, response: ResponseHandler) {
    this.#answerer = answerer
    this.number = number
    this.request = request
    this.#response = response
  }

  early(status: number): void {
    if (this.terminal !== '' || this.headSent !== undefined) return
    this.#response.informational(new ResponseHead(status, '', Object.freeze(['link', '</a>']), 0, 'upstream', ''))
  }

  head(status: number, length: number): void {
    if (this.terminal !== '' || this.headSent !== undefined) return
    const tunnel = this.request.upgrade !== '' && status === 200
    const bodyLength = tunnel || status === 101 ? -1 : length
    const fields = ['X-Call', String(this.number), 'x-other', 'a, b']
    if (bodyLength >= 0) fields.push('content-length', String(bodyLength))
    this.headSent = new ResponseHead(tunnel ? 101 : status, 'Word', Object.freeze(fields), bodyLength, 'upstream', '')
    this.#response.head(this.headSent)
  }

  answer(size: number): void {
    const head = this.headSent
    if (head === undefined || this.terminal !== '' || this.#bodiless(head)) return
    const left = head.bodyLength < 0 ? Number.POSITIVE_INFINITY : head.bodyLength - this.sent
    const length = Math.min(size, left)
    if (length <= 0 || (this.responsePaused && this.#sentPaused + length > READ_ALREADY)) return
    const chunk = pattern(this.number, this.sent, length)
    this.sent += length
    if (this.responsePaused) this.#sentPaused += length
    this.#response.data(chunk)
  }

  #bodiless(head: ResponseHead): boolean {
    return head.status !== 101 && !bodyFollows(this.request, head)
  }

  done(trailers: boolean): void {
    if (this.terminal !== '') return
    if (this.headSent === undefined) this.head(200, -1)
    const head = this.headSent as ResponseHead | undefined
    if (head === undefined || this.terminal !== '') return
    if (head.bodyLength > this.sent && !this.#bodiless(head)) {
      this.answer(head.bodyLength - this.sent)
      if (this.terminal !== '' || head.bodyLength > this.sent) return
    }
    this.terminal = 'end'
    this.trailers = head.bodyLength < 0 ? this.#trailers(trailers) : undefined
    this.#response.end(this.trailers)
  }

  /** A gRPC call has a status; every third is OK, the others are UNAVAILABLE. */
  #trailers(asked: boolean): Headers | undefined {
    const fields = asked ? ['x-answer-trailer', String(this.number)] : []
    if (this.request.exchange.grpc) fields.push('grpc-status', this.number % 3 === 0 ? '0' : '14')
    return fields.length === 0 ? undefined : fields
  }

  break(reason: Reason, retryable: Retryable): void {
    if (this.terminal !== '') return
    this.terminal = `fail ${reason}`
    const allowed = this.headSent === undefined ? retryable : 'no'
    this.#response.fail(new ProxyError(reason, 'upstream', allowed, 'the test broke it'))
  }

  hold(): void {
    if (this.terminal !== '') return
    this.requestPaused = true
    this.#response.pauseRequest()
  }

  go(): void {
    if (this.terminal !== '') return
    this.requestPaused = false
    this.#response.resumeRequest()
  }

  data(chunk: Buffer): void {
    if (this.terminal !== '') return
    const asked = this.#answerer.asked(this.request)
    if (asked !== undefined) {
      if (this.requestEnded) this.#problem('data after end')
      if (!matches(chunk, asked.who, this.received)) this.#problem(`byte ${this.received} is not what was sent`)
      if (this.received + chunk.length > asked.sent) this.#problem('more than was sent')
    }
    this.received += chunk.length
    this.#react('data')
  }

  end(trailers?: Headers): void {
    if (this.terminal !== '') return
    const asked = this.#answerer.asked(this.request)
    if (asked !== undefined) {
      if (!asked.ended) this.#problem('an end that nobody sent')
      if (this.received !== asked.sent) this.#problem(`${this.received} of ${asked.sent} bytes of request came`)
      if (String(trailers ?? '') !== String(asked.trailers ?? '')) this.#problem('other trailers than were sent')
    }
    this.requestEnded = true
    this.#react('end')
  }

  abort(reason: ProxyError): void {
    if (this.terminal !== '') return
    this.terminal = `fail ${reason.reason}`
    this.#response.fail(reason)
  }

  pauseResponse(): void {
    if (!this.responsePaused) this.#sentPaused = 0
    this.responsePaused = true
    if (this.terminal === '') this.#react('pauseResponse')
  }

  resumeResponse(): void {
    this.responsePaused = false
    if (this.terminal === '') this.#react('resumeResponse')
  }

  #problem(what: string): void {
    this.#answerer.problems.push(`call ${this.number}: ${what}`)
  }

  #react(event: AnswererEvent): void {
    const { reactions } = this.#answerer
    const at = reactions.findIndex((reaction) => reaction.event === event)
    if (at < 0) return
    const [reaction] = reactions.splice(at, 1)
    if (reaction!.react === 'hold') this.hold()
    else if (reaction!.react === 'go') this.go()
    else if (reaction!.react === 'break') this.break('upstream_reset', 'unanswered')
    else if (reaction!.react === 'head') this.head(200, -1)
    else if (reaction!.react === 'data') this.answer(500)
    else if (reaction!.react === 'early-hint') this.early(103)
    else this.done(false)
  }
}
