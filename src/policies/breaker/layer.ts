/** Around each attempt: refused while open, else watched until its outcome is fixed. */
import type { Outcome } from '../../core/attempt-outcome.ts'
import { AttemptRecorder, type RecorderParts } from '../../core/attempt-recorder.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Layer, RequestHead, ResponseHandler } from '../../core/exchange.ts'
import { refuse } from '../../core/refuse.ts'
import type { Breaker } from './breaker.ts'
import { REFUSED } from './circuit.ts'
import type { Find } from './find.ts'

export function breakerLayer(find: Find, parts: RecorderParts): Layer {
  return (next) => (request, response) => {
    const breaker = find.of(request)
    const generation = breaker.admit()
    if (generation === REFUSED) return refuse(response, breaker.refusal())
    return next(request, new Recorder(response, request, parts, breaker, generation))
  }
}

/**
 * In shadow mode: whoever would have been refused passes, is reported as `decision`, and does not count, for enforced it
 * would not have been asked. So the states follow each other as they would, except that nothing is spared the upstream.
 */
export function shadowBreakerLayer(find: Find, parts: RecorderParts, events: PolicyEvents, decision: string): Layer {
  return (next) => (request, response) => {
    const breaker = find.of(request)
    const generation = breaker.admit()
    if (generation !== REFUSED) return next(request, new Recorder(response, request, parts, breaker, generation))
    events.decided(request.exchange, 'breaker', decision, 'shadow')
    return next(request, response)
  }
}

class Recorder extends AttemptRecorder {
  readonly #breaker: Breaker
  readonly #generation: number

  constructor(up: ResponseHandler, request: RequestHead, parts: RecorderParts, breaker: Breaker, generation: number) {
    super(up, request, parts)
    this.#breaker = breaker
    this.#generation = generation
  }

  protected override answered(): void {
    this.#breaker.answered(this.#generation)
  }

  protected override settled(outcome: Outcome, answered: boolean, now: number): void {
    this.#breaker.settle(this.#generation, outcome, answered, now)
  }
}
