/** Where a failure becomes an answer, and answers get what we say on all of them. Right under telemetry. */
import type { DateField } from '../core/date-field.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Layer } from '../core/exchange.ts'
import { ForwardingBody, NO_BODY } from '../core/forwarding.ts'
import type { Via } from '../core/via.ts'
import { GrpcRescue } from './rescue-grpc.ts'
import { Rescue } from './rescue-handler.ts'

export function createRescue(via: Via, date: DateField): Layer {
  return (next) => (request, response) => {
    const exchange = request.exchange
    const rescue = exchange.grpc
      ? new GrpcRescue(response, exchange, via, date)
      : new Rescue(response, exchange, via, date)
    const body = new RescuedBody(rescue)
    body.down = next(request, rescue)
    return body
  }
}

/**
 * Passes on, and says whether the client reads. While a local answer is being given, there is nobody beneath any more to
 * answer an abort.
 */
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

  override pauseResponse(): void {
    this.#rescue.unread = true
    this.down.pauseResponse()
  }

  override resumeResponse(): void {
    this.#rescue.unread = false
    this.down.resumeResponse()
  }
}
