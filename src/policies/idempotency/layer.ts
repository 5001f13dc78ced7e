/** One effect per key: around the whole request, and around each attempt, which says what may have reached the application. */
import type { ProxyError } from '../../core/errors.ts'
import type { Layer, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingHandler } from '../../core/forwarding.ts'
import { concerns } from './decide.ts'
import type { Door } from './door.ts'

export function idempotencyLayer(makeDoor: (next: Parameters<Layer>[0]) => Pick<Door, 'dispatch'>): Layer {
  return (next) => {
    const door = makeDoor(next)
    return (request, response) => door.dispatch(request, response)
  }
}

/** Innermost: a key is free again only if not one attempt can have been carried out, whatever the last of them says. */
export const reachedLayer: Layer = (next) => (request, response) =>
  concerns(request) ? next(request, new Reached(response, request)) : next(request, response)

class Reached extends ForwardingHandler {
  readonly #request: RequestHead
  #counted: boolean

  constructor(up: ResponseHandler, request: RequestHead) {
    super(up)
    this.#request = request
    this.#counted = false
  }

  #count(): void {
    if (this.#counted) return
    this.#counted = true
    this.#request.exchange.reached++
  }

  override head(head: ResponseHead): void {
    this.#count()
    this.up.head(head)
  }

  override fail(error: ProxyError): void {
    if (error.retryable !== 'unsent' && error.retryable !== 'unsent-reused') this.#count()
    this.up.fail(error)
  }
}
