/** The block `breaker`: stops calling what keeps failing, and asks carefully whether it is well again. */
import type { Rules } from '../../core/attempt-outcome.ts'
import { EndpointStates } from '../../core/endpoint-states.ts'
import { ProxyError } from '../../core/errors.ts'
import { OutcomeSet } from '../../core/outcome.ts'
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { TimeWindow, type Window } from '../../core/time-window.ts'
import { Breaker } from './breaker.ts'
import { Circuit, type CircuitConfig } from './circuit.ts'
import { ByEndpoint, Fixed } from './find.ts'
import { identify } from './identity.ts'
import { breakerLayer, shadowBreakerLayer } from './layer.ts'
import { schema } from './schema.ts'
import { CountWindow } from './window.ts'

export interface BreakerConfig {
  readonly scope: 'service' | 'route' | 'endpoint'
  readonly window: {
    readonly type: 'count' | 'time'
    /** Calls, or ms. */
    readonly size: number
    readonly minimumCalls: number
  }
  /** 0…1; reaching it trips. */
  readonly failureRate: number
  /** Absent: slowness is not judged. `threshold` in ms, `rate` 0…1. */
  readonly slowCall?: { readonly threshold: number; readonly rate: number } | undefined
  /** `base` and `max` in ms, `jitter` 0…1. */
  readonly open: { readonly base: number; readonly max: number; readonly jitter: number }
  /** `maxWait` in ms. */
  readonly halfOpen: { readonly probes: number; readonly maxWait: number }
  readonly failures: readonly string[]
}

function create(config: BreakerConfig, scope: PolicyScope): PolicyParts {
  const { service, clock, events } = scope
  const rules = rulesOf(config)
  const isShadow = scope.mode === 'shadow'
  if (config.scope === 'endpoint') {
    const states = scope.state('breakers', service, () => {
      return new EndpointStates(clock, (endpoint) => make(config, scope, endpoint.address))
    })
    const byEndpoint = new ByEndpoint(states)
    if (isShadow) return { picked: shadowBreakerLayer(byEndpoint, { rules, clock }, events, 'endpoint_passed_over') }
    return { eligible: byEndpoint, picked: breakerLayer(byEndpoint, { rules, clock }) }
  }
  const part = config.scope === 'route' ? scope.route.template : ''
  const breaker = scope.state('breaker', `${service} ${part}`, () => make(config, scope, part))
  if (isShadow) return { attempt: shadowBreakerLayer(new Fixed(breaker), { rules, clock }, events, 'circuit_open') }
  return { attempt: breakerLayer(new Fixed(breaker), { rules, clock }) }
}

const TIMED_OUT = new ProxyError('per_try_timeout', 'upstream', 'unanswered', '')

function rulesOf(config: BreakerConfig): Rules {
  const failures = new OutcomeSet(config.failures)
  const slowAfter = config.slowCall?.threshold ?? Number.POSITIVE_INFINITY
  return { failures, timeouts: failures.hasError(TIMED_OUT, false), slowAfter }
}

function make(config: BreakerConfig, scope: PolicyScope, part: string): Breaker {
  const circuit = new Circuit(circuitConfig(config), windowOf(config), scope.random)
  return new Breaker(identify(scope, config.scope, part), circuit, scope.clock, scope.events)
}

function windowOf(config: BreakerConfig): Window {
  const { type, size } = config.window
  return type === 'count' ? new CountWindow(size) : new TimeWindow(size)
}

/** A count window that is smaller than `minimumCalls` could never trip, so its size is enough. */
function circuitConfig(config: BreakerConfig): CircuitConfig {
  const { type, size, minimumCalls } = config.window
  return {
    failureRate: config.failureRate,
    slowRate: config.slowCall?.rate ?? Number.POSITIVE_INFINITY,
    minimumCalls: type === 'count' ? Math.min(minimumCalls, size) : minimumCalls,
    open: config.open,
    probes: config.halfOpen.probes,
    maxWait: config.halfOpen.maxWait,
  }
}

export const breaker: PolicyModule<BreakerConfig> = {
  name: 'breaker',
  schema,
  directions: ['outbound'],
  shadow: true,
  create,
}
