/** The layer between a stub client and a stub upstream. */
import { ProxyError } from '../../../src/core/errors.ts'
import type { IdempotencySnapshot } from '../../../src/core/events.ts'
import type { RequestBody } from '../../../src/core/exchange.ts'
import { type IdempotencyConfig, idempotency } from '../../../src/policies/idempotency/policy.ts'
import {
  Client,
  type RequestOptions,
  requestHead,
  type ScopeOptions,
  testScope,
  Upstream,
} from '../../support/stubs.ts'
import { lent } from '../../support/lent.ts'

export const CONFIG: IdempotencyConfig = {
  header: 'Idempotency-Key',
  ttl: 86_400_000,
  store: 'memory',
  onStoreError: 'refuse',
  required: false,
  maxBodyBytes: 100,
  onConcurrent: 'wait',
  onUnknown: 'hold',
}

export const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'left')
export const RESET = new ProxyError('upstream_reset', 'upstream', 'unanswered', 'reset')
export const REFUSED = new ProxyError('connect_failure', 'upstream', 'unsent', 'refused')

export interface Asked {
  readonly client: Client
  readonly body: RequestBody
}

export function layers(config: Partial<IdempotencyConfig> = {}, options: ScopeOptions = {}) {
  const scope = testScope({ direction: 'inbound', ...options })
  const upstream = new Upstream()
  const { request, picked } = idempotency.create({ ...CONFIG, ...config }, scope)
  const dispatch = request!(picked!(upstream.dispatch))
  /** A POST with a key, its body still to come. */
  const open = (key: string | undefined, more: RequestOptions = {}): Asked => {
    const client = new Client()
    const fields = key === undefined ? [] : ['Idempotency-Key', key]
    const headers = [...(more.headers ?? []), ...fields]
    const body = dispatch(requestHead({ method: 'POST', bodyLength: -1, ...more, headers }), client)
    return { client, body }
  }
  /** The whole request. */
  const post = (key: string | undefined, payload = 'buy', more: RequestOptions = {}): Asked => {
    const asked = open(key, more)
    if (payload !== '') asked.body.data(lent(payload))
    asked.body.end()
    return asked
  }
  const state = () => (scope.states.values().next().value as { snapshot(): IdempotencySnapshot }).snapshot()
  return { scope, upstream, open, post, state, events: scope.events.log, clock: scope.clock }
}
