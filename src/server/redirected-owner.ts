/** Between the codec of a redirected connection and the listener's receiver: it adds where the connection was going. */
import type { Clock } from '../core/clock.ts'
import type { ProxyError } from '../core/errors.ts'
import type { RequestBody } from '../core/exchange.ts'
import type { OriginalDestination } from '../core/original-destination.ts'
import type { Offenders } from '../http/offenders.ts'
import type {
  IncomingConnection,
  IncomingExchange,
  IncomingHead,
  ServerLimits,
  ServerOwner,
} from '../http/server-side.ts'
import type { Violation } from '../http/violation.ts'
import type { LocalAnswer } from './local-answer.ts'
import type { Receiver } from './receiver.ts'

export class RedirectedOwner implements ServerOwner {
  readonly limits: ServerLimits
  readonly clock: Clock
  readonly offenders: Offenders
  readonly #receiver: Receiver
  readonly #original: OriginalDestination

  constructor(receiver: Receiver, original: OriginalDestination) {
    this.limits = receiver.limits
    this.clock = receiver.clock
    this.offenders = receiver.offenders
    this.#receiver = receiver
    this.#original = original
  }

  get draining(): boolean {
    return this.#receiver.draining
  }

  accept(head: IncomingHead, connection: IncomingConnection, response: IncomingExchange): RequestBody {
    return this.#receiver.accept(head, connection, response, this.#original)
  }

  refusal(error: ProxyError): LocalAnswer {
    return this.#receiver.refusal(error)
  }

  violation(how: Violation): void {
    this.#receiver.violation(how)
  }

  defect(where: string, error: unknown): void {
    this.#receiver.defect(where, error)
  }

  closed(connection: IncomingConnection): void {
    this.#receiver.closed(connection)
  }
}
