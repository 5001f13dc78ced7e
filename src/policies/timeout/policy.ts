/** Policy `timeout`: deadlines of the whole request, of each attempt, and of silence. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { limitsOf, shadowLimitsOf } from './decide.ts'
import { deadlineLayer } from './layer.ts'
import { perTryLayer } from './layer-per-try.ts'
import { shadowDeadlineLayer, shadowPerTryLayer } from './layer-shadow.ts'
import { schema } from './schema.ts'

/** The block after loading, ms. What is undefined was left out and bounds nothing, but `idle`: see decide.ts. */
export interface TimeoutConfig {
  readonly request: number | undefined
  readonly perTry: number | undefined
  readonly idle: number | undefined
  readonly connect: number
  readonly maxStream: number | undefined
}

/** `connect` is not watched: connecting is the pool's, and no layer sees it. */
function shadow(config: TimeoutConfig, { clock, events }: PolicyScope): PolicyParts {
  const total = config.request ?? Number.POSITIVE_INFINITY
  const parts = { limits: shadowLimitsOf(config), total, clock, events }
  const request = shadowDeadlineLayer(parts)
  return config.perTry === undefined ? { request } : { request, picked: shadowPerTryLayer(parts) }
}

export const timeout: PolicyModule<TimeoutConfig> = {
  name: 'timeout',
  schema,
  directions: ['inbound', 'outbound'],
  shadow: true,
  create(config: TimeoutConfig, scope: PolicyScope): PolicyParts {
    if (scope.mode === 'shadow') return shadow(config, scope)
    const limits = limitsOf(config)
    return { request: deadlineLayer(limits, scope.clock), picked: perTryLayer(limits, scope.clock) }
  },
}
