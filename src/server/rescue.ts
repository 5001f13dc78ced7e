/** Where a failure becomes an answer, and answers get what we say on all of them. Right under telemetry. */
import { type ProxyError, type Reason, REASONS } from '../core/errors.ts'
import { type Exchange, type Layer, ResponseHead, type ResponseHandler } from '../core/exchange.ts'
import { ForwardingHandler } from '../core/forwarding.ts'
import { localAnswer, proxyStatus } from './local-answer.ts'

/** `via` is the value that this instance adds to Via (RFC 9110 §7.6.3). */
export function createRescue(via: string): Layer {
  return (next) => (request, response) => next(request, new Rescue(response, request.exchange, via))
}

class Rescue extends ForwardingHandler {
  readonly #exchange: Exchange
  readonly #via: string
  #headPassed: boolean

  constructor(up: ResponseHandler, exchange: Exchange, via: string) {
    super(up)
    this.#exchange = exchange
    this.#via = via
    this.#headPassed = false
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
    headers.push('via', this.#via)
    return new ResponseHead(head.status, head.reasonPhrase, headers, head.bodyLength, head.origin, head.reason)
  }

  /** After the head nothing can be said any more, and to a client that left there is nobody to say it to. */
  override fail(error: ProxyError): void {
    if (this.#headPassed || error.reason === 'client_cancelled') {
      this.up.fail(error)
      return
    }
    const answer = localAnswer(error, this.#exchange.route?.service ?? '')
    this.head(answer.head)
    this.up.data(answer.body)
    this.up.end()
  }
}

/** What a fallback or a replay says of itself beside the answer it gave. */
function sign(headers: string[], reason: string): void {
  if (reason in REASONS) headers.push('proxy-status', proxyStatus(REASONS[reason as Reason], reason))
  else headers.push('proxy-status', `outrigger; error=proxy_internal_response; details="${reason}"`)
  headers.push('x-outrigger-reason', reason)
}
