/** The block `breaker`: stops calling what keeps failing, and asks carefully whether it is well again. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { schema } from './schema.ts'

export interface BreakerConfig {
  readonly scope: 'service' | 'route' | 'endpoint'
  readonly window: {
    readonly type: 'count' | 'time'
    /** Calls, or ms. */
    readonly size: number
    readonly minimumCalls: number
  }
  /** 0…1; reaching it trips. */
  readonly failureRate: number
  /** Absent: slowness is not judged. `threshold` in ms, `rate` 0…1. */
  readonly slowCall?: { readonly threshold: number; readonly rate: number } | undefined
  /** `base` and `max` in ms, `jitter` 0…1. */
  readonly open: { readonly base: number; readonly max: number; readonly jitter: number }
  /** `maxWait` in ms. */
  readonly halfOpen: { readonly probes: number; readonly maxWait: number }
  readonly failures: readonly string[]
}

function create(_config: BreakerConfig, _scope: PolicyScope): PolicyParts {
  return {}
}

export const breaker: PolicyModule<BreakerConfig> = {
  name: 'breaker',
  schema,
  directions: ['outbound'],
  create,
}
