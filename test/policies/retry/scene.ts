/** A client, the retry layer and an upstream that does as it is told. */
import { ProxyError, type Retryable } from '../../../src/core/errors.ts'
import { RequestHead } from '../../../src/core/exchange.ts'
import type { Headers } from '../../../src/core/headers.ts'
import { type RetryConfig, retry } from '../../../src/policies/retry/policy.ts'
import {
  Client,
  type RequestOptions,
  requestHead,
  type ScopeOptions,
  testScope,
  Upstream,
} from '../../support/stubs.ts'

export const DEFAULTS: RetryConfig = {
  max: 0,
  when: ['connect_failure', 'upstream_reset', '503', 'grpc:UNAVAILABLE'],
  methods: 'idempotent',
  unsafe: false,
  backoff: { base: 25, max: 250, jitter: 'full' },
  budget: { percent: 0.2, window: 10_000, minPerSecond: 1 },
  maxBodyBytes: 64 * 1024,
}

/** Waits of exactly 40, 120, 280 and 400 ms: whole ticks of the wheel. */
export const STEADY: Partial<RetryConfig> = { max: 2, backoff: { base: 40, max: 400, jitter: 'none' } }

export const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'left')

export const refused = new ProxyError('connect_failure', 'upstream', 'unsent', 'refused')

export function reset(retryable: Retryable): ProxyError {
  return new ProxyError('upstream_reset', 'upstream', retryable, 'reset')
}

export interface AskOptions extends RequestOptions {
  readonly headers?: Headers
  readonly expectContinue?: boolean
  readonly grpc?: boolean
}

export function requestOf(options: AskOptions = {}): RequestHead {
  const head = requestHead(options)
  const { method, target, scheme, authority, bodyLength, upgrade, exchange, attempt } = head
  const { headers = [], expectContinue = false, grpc = false } = options
  exchange.grpc = grpc
  return new RequestHead(
    method,
    target,
    scheme,
    authority,
    headers,
    bodyLength,
    upgrade,
    expectContinue,
    exchange,
    attempt,
  )
}

export function scene(config: Partial<RetryConfig> = {}, options: ScopeOptions = {}) {
  const scope = testScope(options)
  const upstream = new Upstream()
  const layer = retry.create({ ...DEFAULTS, ...config }, scope).request!
  const dispatch = layer(upstream.dispatch)
  const ask = (asked: AskOptions = {}) => {
    const client = new Client()
    const request = requestOf({ startedAt: scope.clock.now(), ...asked })
    const body = dispatch(request, client)
    if (request.bodyLength === 0 && !request.isTunnel) body.end()
    return { client, body, request }
  }
  return { scope, upstream, ask, clock: scope.clock, skipped: scope.events.log }
}
