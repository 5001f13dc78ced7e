/** The block `concurrency`: as many requests to the application at once as it can carry, found out while it works. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { concurrencyLayer } from './layer.ts'
import { Limiter } from './limiter.ts'
import { schema } from './schema.ts'

export interface ConcurrencyConfig {
  readonly algorithm: 'gradient'
  readonly min: number
  readonly max: number
}

/** One limit for all routes of the policy that states it: they share the application. */
function create({ min, max }: ConcurrencyConfig, scope: PolicyScope): PolicyParts {
  const { service, clock, events, mode } = scope
  const limiter = scope.state('concurrency', service, () => {
    return new Limiter({ service, policy: scope.policy.name }, min, max, clock.now(), mode)
  })
  return { request: concurrencyLayer({ limiter, clock, events, mode }) }
}

export const concurrency: PolicyModule<ConcurrencyConfig> = {
  name: 'concurrency',
  schema,
  directions: ['inbound'],
  shadow: true,
  create,
}
