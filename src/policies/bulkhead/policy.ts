/** The block `bulkhead`: how many requests may be in flight, how many may wait for a place, and how long. */
import { EndpointStates } from '../../core/endpoint-states.ts'
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import type { EndpointInfo, RequestHead } from '../../core/exchange.ts'
import { Bulkhead, type Identity, type Limits } from './bulkhead.ts'
import { ByEndpoint, BySource, type Find, Fixed } from './find.ts'
import { bulkheadLayer } from './layer.ts'
import { shadowBulkheadLayer } from './layer-shadow.ts'
import { schema } from './schema.ts'
import { ShadowBulkhead } from './shadow.ts'

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
  if (scope.mode === 'shadow') return shadow(config, scope)
  if (config.per === 'endpoint') {
    const limits = endpointLimits(config)
    const states = scope.state('bulkheads', service, () => {
      return new EndpointStates(clock, (endpoint) => new Bulkhead(identify(config, scope, endpoint.address), limits))
    })
    const byEndpoint = new ByEndpoint(states, events)
    return { eligible: byEndpoint, picked: bulkheadLayer(byEndpoint, config.maxQueueWait, clock, events) }
  }
  const find = finder(config, scope, (key) => new Bulkhead(identify(config, scope, key), config))
  return { request: bulkheadLayer(find, config.maxQueueWait, clock, events) }
}

/** Everybody passes, so no endpoint is kept from being picked. */
function shadow(config: BulkheadConfig, scope: PolicyScope): PolicyParts {
  const { service, clock, events } = scope
  const { maxQueueWait } = config
  if (config.per === 'endpoint') {
    const limits = endpointLimits(config)
    const states = scope.state('bulkheads', service, () => {
      return new EndpointStates(clock, ({ address }) => new ShadowBulkhead(identify(config, scope, address), limits))
    })
    const find = ({ attempt }: RequestHead) => states.of(attempt.endpoint as EndpointInfo)
    return { picked: shadowBulkheadLayer({ find, maxQueueWait, clock, events, full: 'endpoint_passed_over' }) }
  }
  const finds = finder(config, scope, (key) => new ShadowBulkhead(identify(config, scope, key), config))
  const find = (request: RequestHead) => finds.of(request)
  return { request: shadowBulkheadLayer({ find, maxQueueWait, clock, events, full: 'bulkhead_full' }) }
}

/** Nobody waits for one endpoint: the picker asks another. */
function endpointLimits({ maxConcurrent, maxStreams }: BulkheadConfig): Limits {
  return { maxConcurrent, maxQueue: 0, maxStreams }
}

function finder<B>(config: BulkheadConfig, scope: PolicyScope, make: (key: string) => B): Find<B> {
  const kept = (key: string) => scope.state('bulkhead', `${scope.service} ${key}`, () => make(key))
  if (config.per === 'source') return new BySource(kept)
  return new Fixed(kept(config.per === 'route' ? scope.route.template : ''))
}

/** Two policies for different routes of one service have bulkheads of their own: the policy's name tells them apart. */
function identify({ per }: BulkheadConfig, scope: PolicyScope, key: string): Identity {
  const statement = scope.policy.routes.length === 0 ? '' : scope.policy.name
  const whole = statement === '' || key === '' ? statement + key : `${statement} ${key}`
  return { service: scope.service, per, key: whole }
}

export const bulkhead: PolicyModule<BulkheadConfig> = {
  name: 'bulkhead',
  schema,
  directions: ['inbound', 'outbound'],
  shadow: true,
  create,
}
