/** The same for a gRPC call: its client reads a status, and one can still be said behind whole messages. */
import type { DateField } from '../core/date-field.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Exchange, ResponseHandler, ResponseHead } from '../core/exchange.ts'
import { hasGrpcType } from '../core/grpc.ts'
import { GrpcMessages } from '../core/grpc-messages.ts'
import { has } from '../core/headers.ts'
import type { Via } from '../core/via.ts'
import { grpcAnswer, grpcStatus } from './grpc-answer.ts'
import type { LocalAnswer } from './local-answer.ts'
import { Rescue } from './rescue-handler.ts'

/** The error code of HTTP/2 (RFC 9113 §7). */
const CANCEL = 8

export class GrpcRescue extends Rescue {
  readonly #messages: GrpcMessages
  /** The head left the status to trailers. */
  #awaitsStatus: boolean

  constructor(up: ResponseHandler, exchange: Exchange, via: Via, date: DateField) {
    super(up, exchange, via, date)
    this.#messages = new GrpcMessages()
    this.#awaitsStatus = false
  }

  override head(head: ResponseHead): void {
    this.#awaitsStatus = takesStatus(head, this.exchange.protocol)
    super.head(head)
  }

  override data(chunk: Buffer): void {
    this.#messages.add(chunk)
    this.up.data(chunk)
  }

  /**
   * A server that cancels a call (its deadline is over there first, or it does not want it any more) is no upstream that is
   * unavailable: its client hears what it would have heard from it.
   */
  override fail(error: ProxyError): void {
    if (error.resetCode === CANCEL && this.exchange.protocol === 20) this.up.fail(error)
    else super.fail(error)
  }

  protected override answerTo(error: ProxyError): LocalAnswer {
    return grpcAnswer(error, this.exchange.protocol)
  }

  protected override breakOff(error: ProxyError): void {
    if (!this.#mayEnd(error)) {
      this.up.fail(error)
      return
    }
    this.exchange.cause = error.cause
    this.exchange.brokeOff = error.reason
    this.up.end(grpcStatus(error))
  }

  /**
   * In the middle of a message trailers would be a protocol error that hides the cause. To a client that does not read they
   * would wait in our memory for as long as it likes, and one that broke the rules is not to be trusted with them.
   */
  #mayEnd(error: ProxyError): boolean {
    if (!this.#awaitsStatus || !this.#messages.whole) return false
    return !this.unread && error.reason !== 'protocol_error_downstream'
  }
}

/** Whether trailers behind this head may say the status: it is no answer of HTTP alone, and its body has no set length. */
function takesStatus(head: ResponseHead, protocol: number): boolean {
  if (head.status !== 200 || head.bodyLength >= 0 || protocol === 10) return false
  return hasGrpcType(head.headers) && !has(head.headers, 'grpc-status')
}
