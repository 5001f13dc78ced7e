/** The block `bulkhead`: how many requests may be in flight, how many may wait for a place, and how long. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { schema } from './schema.ts'

export interface BulkheadConfig {
  readonly maxConcurrent: number
  /** 0: nobody waits. */
  readonly maxQueue: number
  /** ms. */
  readonly maxQueueWait: number
  /** Absent: streams are counted in `maxConcurrent`. */
  readonly maxStreams?: number | undefined
  readonly per: 'service' | 'route' | 'endpoint' | 'source'
}

function create(_config: BulkheadConfig, _scope: PolicyScope): PolicyParts {
  return {}
}

export const bulkhead: PolicyModule<BulkheadConfig> = {
  name: 'bulkhead',
  schema,
  directions: ['inbound', 'outbound'],
  create,
}
