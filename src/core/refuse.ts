/** Ends of a request that goes no further: refusals, and answers that need nobody beneath. */
import type { ProxyError } from './errors.ts'
import type { RequestBody, ResponseHandler } from './exchange.ts'

/**
 * Answers with `fail(error)` in a microtask, so that nobody meets an answer before `dispatch` returned (G1). An abort that
 * comes first takes the refusal's place (G9).
 */
export function refuse(response: ResponseHandler, error: ProxyError): RequestBody {
  return new Refusal(response, error)
}

/** What is said a microtask later, unless the asker aborts before. The request's body goes nowhere. */
export abstract class EndOfTheWay implements RequestBody {
  #response: ResponseHandler | undefined

  constructor(response: ResponseHandler) {
    this.#response = response
    queueMicrotask(() => {
      const waiting = this.#response
      this.#response = undefined
      if (waiting !== undefined) this.answer(waiting)
    })
  }

  protected abstract answer(response: ResponseHandler): void

  abort(reason: ProxyError): void {
    const waiting = this.#response
    this.#response = undefined
    waiting?.fail(reason)
  }

  data(): void {}
  end(): void {}
  pauseResponse(): void {}
  resumeResponse(): void {}
}

class Refusal extends EndOfTheWay {
  readonly #error: ProxyError

  constructor(response: ResponseHandler, error: ProxyError) {
    super(response)
    this.#error = error
  }

  protected override answer(response: ResponseHandler): void {
    response.fail(this.#error)
  }
}
