/** Policy `hedge`: a second attempt beside a slow first one. */
import { Budget } from '../../core/budget.ts'
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { ReplayAccount } from '../../core/replay-buffer.ts'
import { Latencies } from './latencies.ts'
import { hedgeLayer } from './layer.ts'
import { shadowLayer } from './layer-shadow.ts'
import { schema } from './schema.ts'

/** ms that the budget looks back on. */
const BUDGET_WINDOW = 10_000

/** Where nobody hands in an account of the process: the default of `limits.maxReplayBytes`. */
const DEFAULT_ACCOUNT = new ReplayAccount(32 * 1024 * 1024)

/** The block after loading. */
export interface HedgeConfig {
  /** ms; below 1 a percentile as a fraction. */
  readonly after: number
  /** In addition to the first attempt. */
  readonly maxExtra: number
  /** Of the requests that may be hedged, 0…1. */
  readonly budget: number
  readonly methods: readonly string[]
}

export const hedge: PolicyModule<HedgeConfig> = {
  name: 'hedge',
  schema,
  directions: ['outbound'],
  shadow: true,
  create(config: HedgeConfig, scope: PolicyScope): PolicyParts {
    const { service, clock, events, mode } = scope
    const { after, maxExtra, methods } = config
    const limits = { percent: config.budget, window: BUDGET_WINDOW, minPerSecond: 0 }
    const budget = scope.state('hedge budget', service, () => new Budget('hedge', service, limits, clock, mode))
    const makeLatencies = () => new Latencies(service, after, clock, mode)
    const latencies = after < 1 ? scope.state('hedge latencies', service, makeLatencies) : undefined
    const account = scope.replay ?? DEFAULT_ACCOUNT
    const parts = { rules: { after, maxExtra, methods }, budget, latencies, clock, events, account }
    return { request: mode === 'shadow' ? shadowLayer(parts) : hedgeLayer(parts) }
  },
}
