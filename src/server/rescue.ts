/** Where a failure becomes an answer, and answers get what we say on all of them. Right under telemetry. */
import { type ProxyError, type Reason, REASONS } from '../core/errors.ts'
import { type Exchange, type Layer, ResponseHead, type ResponseHandler } from '../core/exchange.ts'
import { ForwardingBody, ForwardingHandler, NO_BODY } from '../core/forwarding.ts'
import type { Via } from '../core/via.ts'
import { localAnswer, proxyStatus } from './local-answer.ts'

export function createRescue(via: Via): Layer {
  return (next) => (request, response) => {
    const rescue = new Rescue(response, request.exchange, via)
    const body = new RescuedBody(rescue)
    body.down = next(request, rescue)
    return body
  }
}

/** Passes on; while a local answer is being given, there is nobody beneath any more to answer an abort. */
class RescuedBody extends ForwardingBody {
  readonly #rescue: Rescue

  constructor(rescue: Rescue) {
    super(NO_BODY)
    this.#rescue = rescue
  }

  override abort(reason: ProxyError): void {
    if (this.#rescue.answering) this.#rescue.giveUp(reason)
    else this.down.abort(reason)
  }
}

class Rescue extends ForwardingHandler {
  readonly #exchange: Exchange
  readonly #via: Via
  #headPassed: boolean
  /** A local answer is on its way up. */
  answering: boolean

  constructor(up: ResponseHandler, exchange: Exchange, via: Via) {
    super(up)
    this.#exchange = exchange
    this.#via = via
    this.#headPassed = false
    this.answering = false
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
    const exchange = this.#exchange
    if (head.origin === 'upstream' && exchange.route?.service === 'passthrough') return head
    const headers = head.headers.slice()
    if (head.origin !== 'upstream' && head.origin !== 'proxy') sign(headers, head.reason)
    if (exchange.attempts > 1) headers.push('x-outrigger-attempts', String(exchange.attempts))
    headers.push('via', this.#via.of(head.origin === 'upstream' ? exchange.upstreamProtocol : exchange.protocol))
    return new ResponseHead(head.status, head.reasonPhrase, headers, head.bodyLength, head.origin, head.reason)
  }

  /** After the head nothing can be said any more, and to a client that left there is nobody to say it to. */
  override fail(error: ProxyError): void {
    if (this.#headPassed || error.reason === 'client_cancelled') {
      this.up.fail(error)
      return
    }
    this.#exchange.cause = error.cause
    const answer = localAnswer(error, this.#exchange.route?.service ?? '')
    this.answering = true
    this.head(answer.head)
    if (this.answering) this.up.data(answer.body)
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
