/** The block `bulkhead`: how many requests may be in flight, how many may wait for a place, and how long. */
import { EndpointStates } from '../../core/endpoint-states.ts'
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { Bulkhead, type Limits } from './bulkhead.ts'
import { ByEndpoint, BySource, type Find, Fixed } from './find.ts'
import { bulkheadLayer } from './layer.ts'
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

function create(config: BulkheadConfig, scope: PolicyScope): PolicyParts {
  const { service, clock, events } = scope
  if (config.per === 'endpoint') {
    // Nobody waits for one endpoint: the picker asks another.
    const limits: Limits = { maxConcurrent: config.maxConcurrent, maxQueue: 0, maxStreams: config.maxStreams }
    const states = scope.state('bulkheads', service, () => {
      return new EndpointStates(clock, (endpoint) => make(limits, config, scope, endpoint.address))
    })
    const byEndpoint = new ByEndpoint(states)
    return { eligible: byEndpoint, picked: bulkheadLayer(byEndpoint, config.maxQueueWait, clock, events) }
  }
  return { request: bulkheadLayer(finder(config, scope), config.maxQueueWait, clock, events) }
}

function finder(config: BulkheadConfig, scope: PolicyScope): Find {
  const kept = (key: string) =>
    scope.state('bulkhead', `${scope.service} ${key}`, () => make(config, config, scope, key))
  if (config.per === 'source') return new BySource(kept)
  return new Fixed(kept(config.per === 'route' ? scope.route.template : ''))
}

/** Two policies for different routes of one service have bulkheads of their own: the policy's name tells them apart. */
function make(limits: Limits, config: BulkheadConfig, scope: PolicyScope, key: string): Bulkhead {
  const statement = scope.policy.routes.length === 0 ? '' : scope.policy.name
  const whole = statement === '' || key === '' ? statement + key : `${statement} ${key}`
  return new Bulkhead({ service: scope.service, per: config.per, key: whole }, limits)
}

export const bulkhead: PolicyModule<BulkheadConfig> = {
  name: 'bulkhead',
  schema,
  directions: ['inbound', 'outbound'],
  shadow: true,
  create,
}
