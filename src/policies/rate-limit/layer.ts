/** At the door, or inside an attempt: a token, or away. Nothing is wrapped. */
import type { Clock } from '../../core/clock.ts'
import type { Mode, PolicyEvents } from '../../core/events.ts'
import type { Layer } from '../../core/exchange.ts'
import { refuse } from '../../core/refuse.ts'
import type { KeyReader } from './keys.ts'
import type { Limiter, Passed } from './limiter.ts'

export interface RateLimitParts {
  readonly limiter: Limiter
  /** Undefined: all share one bucket. */
  readonly keys: KeyReader | undefined
  readonly passed: Passed
  readonly clock: Clock
  readonly events: PolicyEvents
  readonly mode: Mode
}

export function rateLimitLayer({ limiter, keys, passed, clock, events, mode }: RateLimitParts): Layer {
  const { buckets, whole } = limiter
  const enforced = mode === 'enforce'
  return (next) => (request, response) => {
    const now = clock.now()
    const bucket = keys === undefined ? whole : buckets.of(keys.of(request), now)
    if (limiter.take(bucket, now)) {
      if (enforced) passed.allowed++
      return next(request, response)
    }
    events.decided(request.exchange, 'rateLimit', 'limited', mode)
    return enforced ? refuse(response, limiter.refusal(bucket, now)) : next(request, response)
  }
}
