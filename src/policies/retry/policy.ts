/** Policy `retry`: sends a request again where that is safe. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { schema } from './schema.ts'

/** The block after loading: ms, bytes, fractions. */
export interface RetryConfig {
  /** In addition to the first attempt; 0: the transparent retry only. */
  readonly max: number
  /** Tokens of `OutcomeSet`. */
  readonly when: readonly string[]
  readonly methods: 'idempotent' | 'keyed' | 'any'
  readonly unsafe: boolean
  readonly backoff: { readonly base: number; readonly max: number; readonly jitter: 'full' | 'equal' | 'none' }
  readonly budget: { readonly percent: number; readonly window: number; readonly minPerSecond: number }
  readonly maxBodyBytes: number
}

export const retry: PolicyModule<RetryConfig> = {
  name: 'retry',
  schema,
  directions: ['inbound', 'outbound'],
  create(_config: RetryConfig, _scope: PolicyScope): PolicyParts {
    return {}
  },
}
