/** A refusal: a request that goes no further. */
import type { ProxyError } from './errors.ts'
import type { RequestBody, ResponseHandler } from './exchange.ts'

/**
 * Answers with `fail(error)` in a microtask, so that nobody meets an answer before `dispatch` returned (G1). An abort that
 * comes first takes the refusal's place (G9).
 */
export function refuse(response: ResponseHandler, error: ProxyError): RequestBody {
  const refusal = new Refusal(response, error)
  queueMicrotask(() => refusal.deliver())
  return refusal
}

class Refusal implements RequestBody {
  #response: ResponseHandler | undefined
  readonly #error: ProxyError

  constructor(response: ResponseHandler, error: ProxyError) {
    this.#response = response
    this.#error = error
  }

  deliver(): void {
    this.abort(this.#error)
  }

  abort(reason: ProxyError): void {
    const response = this.#response
    this.#response = undefined
    response?.fail(reason)
  }

  data(): void {}
  end(): void {}
  pauseResponse(): void {}
  resumeResponse(): void {}
}
