/** Where a failure would come from: most pass as if nothing were here. */
import type { Clock } from '../../core/clock.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Dispatch, Layer, RequestBody, RequestHead, ResponseHandler } from '../../core/exchange.ts'
import type { Random } from '../../core/random.ts'
import { Aborted, type FaultAnswer } from './answer.ts'
import { type Rules, strikes } from './decide.ts'
import { Delayed } from './delayed.ts'

export interface FaultParts {
  readonly rules: Rules
  /** ms; 0: none. */
  readonly delay: number
  /** Undefined: they go on. */
  readonly answer: FaultAnswer | undefined
  readonly clock: Clock
  readonly random: Random
  readonly events: PolicyEvents
}

export function faultLayer(parts: FaultParts): Layer {
  const { rules, clock, random } = parts
  return (next) => (request, response) => {
    if (!strikes(rules, random.fraction(), clock.wallTime())) return next(request, response)
    return strike(parts, next, request, response)
  }
}

function strike(parts: FaultParts, next: Dispatch, request: RequestHead, response: ResponseHandler): RequestBody {
  const { answer, delay, clock, events } = parts
  if (delay > 0) {
    events.decided(request.exchange, 'fault', 'delay', 'enforce')
    return new Delayed(clock, events, answer, delay, next, request, response).held
  }
  // The loader lets no fault pass that does nothing.
  if (answer === undefined) return next(request, response)
  events.decided(request.exchange, 'fault', 'abort', 'enforce')
  const aborted = new Aborted(answer, request, response)
  queueMicrotask(() => aborted.give())
  return aborted
}
