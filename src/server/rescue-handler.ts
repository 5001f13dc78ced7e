/** The answer to one request on its way through rescue. */
import type { DateField } from '../core/date-field.ts'
import { type ProxyError, type Reason, REASONS } from '../core/errors.ts'
import { type Exchange, ResponseHead, type ResponseHandler } from '../core/exchange.ts'
import { ForwardingHandler } from '../core/forwarding.ts'
import { has, withField } from '../core/headers.ts'
import type { Via } from '../core/via.ts'
import { proxyStatus } from '../core/proxy-status.ts'
import { type LocalAnswer, localAnswer } from './local-answer.ts'

export class Rescue extends ForwardingHandler {
  protected readonly exchange: Exchange
  readonly #via: Via
  readonly #date: DateField
  #headPassed: boolean
  /** A local answer is on its way up. */
  answering: boolean
  /** The client does not read. */
  unread: boolean

  constructor(up: ResponseHandler, exchange: Exchange, via: Via, date: DateField) {
    super(up)
    this.exchange = exchange
    this.#via = via
    this.#date = date
    this.#headPassed = false
    this.answering = false
    this.unread = false
  }

  /** The asker left in the middle of a local answer (G9). */
  giveUp(reason: ProxyError): void {
    this.answering = false
    this.up.fail(reason)
  }

  override head(head: ResponseHead): void {
    this.#headPassed = true
    this.up.head(this.#signed(head))
  }

  /** A stranger's answer to a request that we only pass through is passed on as it came. */
  #signed(head: ResponseHead): ResponseHead {
    const exchange = this.exchange
    if (head.origin === 'upstream' && exchange.route?.service === 'passthrough') return head
    const version = head.origin === 'upstream' ? exchange.upstreamProtocol : exchange.protocol
    const headers = withField(head.headers, 'via', this.#via.of(version))
    // RFC 9110 §6.6.1: who passes on an answer without a Date says when it came; and ours have one.
    if (!has(head.headers, 'date')) headers.push('date', this.#date.now())
    // A replay is the upstream's own answer, and says itself that it is one.
    if (head.origin === 'fallback') sign(headers, head.reason)
    if (exchange.attempts > 1) headers.push('x-outrigger-attempts', String(exchange.attempts))
    return new ResponseHead(head.status, head.reasonPhrase, headers, head.bodyLength, head.origin, head.reason)
  }

  /** To a client that left there is nobody to say anything to. */
  override fail(error: ProxyError): void {
    if (error.reason === 'client_cancelled') this.up.fail(error)
    else if (this.#headPassed) this.breakOff(error)
    else {
      this.exchange.cause = error.cause
      this.#give(this.answerTo(error))
    }
  }

  protected answerTo(error: ProxyError): LocalAnswer {
    return localAnswer(error, this.exchange.route?.service ?? '')
  }

  /** After the head nothing can be said any more. */
  protected breakOff(error: ProxyError): void {
    this.up.fail(error)
  }

  /** Each call up may come back with an abort (G9). */
  #give({ head, body }: LocalAnswer): void {
    this.answering = true
    this.head(head)
    if (this.answering && body.length > 0) this.up.data(body)
    if (!this.answering) return
    this.answering = false
    this.up.end()
  }
}

/** What a fallback or a replay says of itself beside the answer it gave. */
function sign(headers: string[], reason: string): void {
  if (reason in REASONS) headers.push('proxy-status', proxyStatus(REASONS[reason as Reason], reason))
  else headers.push('proxy-status', `outrigger; error=proxy_internal_response; details="${reason}"`)
  headers.push('x-outrigger-reason', reason)
}
