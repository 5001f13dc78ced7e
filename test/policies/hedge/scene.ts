/** A client, the hedge layer and an upstream that does as it is told. */
import { ProxyError, type Reason, type Retryable } from '../../../src/core/errors.ts'
import { hedge, type HedgeConfig } from '../../../src/policies/hedge/policy.ts'
import {
  Client,
  type RequestOptions,
  requestHead,
  type ScopeOptions,
  testScope,
  Upstream,
} from '../../support/stubs.ts'

/** A fixed delay of whole ticks, and a budget for everything. */
export const STATED: HedgeConfig = { after: 40, maxExtra: 1, budget: 1, methods: ['GET', 'HEAD', 'OPTIONS'] }

export const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'left')

export function broken(reason: Reason = 'upstream_reset', retryable: Retryable = 'unanswered'): ProxyError {
  return new ProxyError(reason, 'upstream', retryable, 'broken')
}

export const REFUSED = new ProxyError('circuit_open', 'proxy', 'no', 'the breaker is open')

export function scene(config: Partial<HedgeConfig> = {}, options: ScopeOptions = {}) {
  const scope = testScope(options)
  const upstream = new Upstream()
  const dispatch = hedge.create({ ...STATED, ...config }, scope).request!(upstream.dispatch)
  const ask = (asked: RequestOptions = {}) => {
    const client = new Client()
    const request = requestHead({ startedAt: scope.clock.now(), ...asked })
    const body = dispatch(request, client)
    if (request.bodyLength === 0 && !request.isTunnel) body.end()
    return { client, body, request }
  }
  /** So many requests, each answered after `took` ms. */
  const learn = (count: number, took: number) => {
    for (let i = 0; i < count; i++) {
      ask()
      const call = upstream.last
      scope.clock.advance(took)
      call.head()
      call.finish()
    }
  }
  return { scope, upstream, ask, learn, clock: scope.clock, decided: scope.events.log }
}
