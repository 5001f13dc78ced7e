/** The block `fault`: failures made on purpose, for a time. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { FaultAnswer } from './answer.ts'
import { faultLayer } from './layer.ts'
import { schema } from './schema.ts'

export interface FaultConfig {
  /** 0…1. */
  readonly percent: number
  /** ms. */
  readonly delay?: number | undefined
  readonly abort?: { readonly status: number } | undefined
  readonly at: 'attempt' | 'request'
  /** Since 1970, ms. */
  readonly until: number
}

function create(config: FaultConfig, { service, clock, random, events }: PolicyScope): PolicyParts {
  const { percent, delay = 0, abort, until } = config
  const answer = abort === undefined ? undefined : new FaultAnswer(abort.status, service)
  const layer = faultLayer({ rules: { percent, until }, delay, answer, clock, random, events })
  return config.at === 'request' ? { request: layer } : { picked: layer }
}

export const fault: PolicyModule<FaultConfig> = {
  name: 'fault',
  schema,
  directions: ['inbound', 'outbound'],
  // Half a failure is none: it is made, or it is not.
  shadow: false,
  create,
}
