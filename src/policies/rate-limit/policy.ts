/** The block `rateLimit`: so many requests per time, and no more. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { grantOf } from './decide.ts'
import { KeyReader } from './keys.ts'
import { rateLimitLayer } from './layer.ts'
import { Limiter } from './limiter.ts'
import { schema } from './schema.ts'

export interface RateLimitConfig {
  /** Per second. */
  readonly rate: number
  /** Undefined: what one second brings, at least 1. */
  readonly burst?: number | undefined
  /** `source`, `path`, `header:NAME`. */
  readonly key: readonly string[]
  readonly scope: 'replica' | 'fleet'
  /** With `fleet`. */
  readonly replicas?: number | undefined
}

/** Inbound once for each request, before anything is done for it; outbound for each attempt, for those are what costs. */
function create(config: RateLimitConfig, scope: PolicyScope): PolicyParts {
  const { direction, service, clock, events, mode } = scope
  const limiter = scope.state('rateLimit', service, () => {
    const identity = { direction, service, policy: scope.policy.name }
    return new Limiter(identity, grantOf(config.rate, config.burst, replicasOf(config)))
  })
  const { template } = scope.route
  const keys = config.key.length === 0 ? undefined : new KeyReader(config.key, template)
  const layer = rateLimitLayer({ limiter, keys, passed: limiter.passed(template), clock, events, mode })
  return direction === 'inbound' ? { request: layer } : { picked: layer }
}

export function replicasOf({ scope, replicas }: RateLimitConfig): number {
  return scope === 'fleet' ? (replicas ?? 1) : 1
}

export const rateLimit: PolicyModule<RateLimitConfig> = {
  name: 'rateLimit',
  schema,
  directions: ['inbound', 'outbound'],
  shadow: true,
  create,
}
