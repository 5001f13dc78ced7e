/** Policy `timeout`: deadlines of the whole request, of each attempt, and of silence. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { limitsOf } from './decide.ts'
import { deadlineLayer } from './layer.ts'
import { perTryLayer } from './layer-per-try.ts'
import { schema } from './schema.ts'

/** The block after loading, ms. What is undefined was left out and bounds nothing, but `idle`: see decide.ts. */
export interface TimeoutConfig {
  readonly request: number | undefined
  readonly perTry: number | undefined
  readonly idle: number | undefined
  readonly connect: number
  readonly maxStream: number | undefined
}

export const timeout: PolicyModule<TimeoutConfig> = {
  name: 'timeout',
  schema,
  directions: ['inbound', 'outbound'],
  shadow: true,
  create(config: TimeoutConfig, scope: PolicyScope): PolicyParts {
    const limits = limitsOf(config)
    return { request: deadlineLayer(limits, scope.clock), picked: perTryLayer(limits, scope.clock) }
  },
}
