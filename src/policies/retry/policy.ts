/** Policy `retry`: sends a request again where that is safe. */
import { Budget } from '../../core/budget.ts'
import { OutcomeSet } from '../../core/outcome.ts'
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { UNTIL_PAUSED } from '../../core/outgoing.ts'
import { ReplayAccount } from '../../core/replay-buffer.ts'
import { retryLayer } from './layer.ts'
import { shadowRetryLayer } from './layer-shadow.ts'
import { schema } from './schema.ts'

/** Where nobody hands in an account of the process: the default of `limits.maxReplayBytes`. */
const DEFAULT_ACCOUNT = new ReplayAccount(32 * 1024 * 1024)

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
  shadow: true,
  create(config: RetryConfig, scope: PolicyScope): PolicyParts {
    const { service, clock, random, events } = scope
    const { max, methods, backoff, maxBodyBytes } = config
    const rules = { max, when: new OutcomeSet(config.when), methods, backoff, maxBodyBytes }
    const makeBudget = () => new Budget('retry', service, config.budget, clock, scope.mode)
    const budget = max === 0 ? undefined : scope.state('retry budget', service, makeBudget)
    const account = scope.replay ?? DEFAULT_ACCOUNT
    // Also past `maxBodyBytes`, for what is unsent may go again whatever it is.
    const keep = Math.max(maxBodyBytes, UNTIL_PAUSED)
    if (scope.mode === 'shadow') {
      if (budget === undefined) return {}
      return { request: shadowRetryLayer({ rules, budget, clock, random, events, keep }) }
    }
    return { request: retryLayer({ rules, budget, clock, random, events, account, keep }) }
  },
}
