import { completeBlock } from '../../../src/config/complete.ts'
import { CacheAccount } from '../../../src/core/cache-account.ts'
import { type Dispatch, type Layer, RequestHead, type ResponseHandler } from '../../../src/core/exchange.ts'
import type { CachedAnswers } from '../../../src/policies/fallback/cached-answers.ts'
import {
  type CachedFallback,
  type FallbackConfig,
  fallback,
  type ServiceFallback,
  type StaticFallback,
} from '../../../src/policies/fallback/policy.ts'
import { type RetryConfig, retry } from '../../../src/policies/retry/policy.ts'
import { calls } from '../../contract/grpc-calls.ts'
import type { MakeSubject } from '../../contract/play.ts'
import { restOf, scopeOf } from '../../contract/scope.ts'
import { contractSuite } from '../../contract/suite.ts'

const ANY: StaticFallback = {
  use: 'static',
  when: ['any'],
  status: 200,
  contentType: 'application/json',
  body: '{}',
  headers: {},
}
const COPY: CachedFallback = { use: 'cached', when: ['any'], maxStale: 60_000, key: [], shared: false, headers: {} }
const OTHER: ServiceFallback = { use: 'service', when: ['any'], service: 'other', headers: {} }

/** Histories of each; there are many subjects here that differ in little. */
const RUNS = 500

interface Suite {
  readonly around?: (layer: Layer) => Layer
  /** Bytes of the cache. */
  readonly cache?: number
  readonly mode?: 'enforce' | 'shadow'
}

/** Who is asked beneath knows exchanges and no branches. */
function onTheWhole(next: Dispatch): Dispatch {
  return (request, response) => {
    const { method, target, scheme, authority, headers, bodyLength, upgrade, expectContinue, exchange, attempt } =
      request
    const whole = exchange.parent ?? exchange
    return next(
      new RequestHead(method, target, scheme, authority, headers, bodyLength, upgrade, expectContinue, whole, attempt),
      response,
    )
  }
}

function suite(
  name: string,
  config: FallbackConfig,
  { around = (layer) => layer, cache = 1e6, mode }: Suite = {},
): void {
  const make: MakeSubject = (env) => {
    const scope = scopeOf(env)
    const account = new CacheAccount(cache)
    let beneath: Dispatch | undefined
    const made = fallback.create(config, {
      ...scope,
      mode: mode ?? 'enforce',
      cache: account,
      toService: () => (request, response) => onTheWhole(beneath as Dispatch)(request, response),
    })
    const layer: Layer = (next) => {
      beneath = next
      return (made.request as Layer)(next)
    }
    return { layer: around(layer), atRest: () => [...restOf(scope), ...cacheAtRest(account, scope.states)] }
  }
  contractSuite(name, make, { runs: RUNS })
}

/** Nothing is charged but what is kept. */
function cacheAtRest(account: CacheAccount, states: ReadonlyMap<string, unknown>): string[] {
  let kept = 0
  for (const state of states.values()) kept += (state as CachedAnswers).snapshot().bytes
  const problems = account.used > account.limit ? [`${account.used} of ${account.limit} bytes of cache`] : []
  return account.used === kept ? problems : [...problems, `charged with ${account.used} bytes, ${kept} are kept`]
}

/** With retries beneath, the two share what is kept of a request. */
const aboveRetries: MakeSubject = (env) => {
  const scope = scopeOf(env)
  const block = completeBlock<RetryConfig>(retry.schema, { max: 2, when: ['503', 'upstream_reset'] })
  const retrying = retry.create(block, scope).request as Layer
  let beneath: Dispatch | undefined
  const toService = () => (request: RequestHead, response: ResponseHandler) =>
    retrying(onTheWhole(beneath as Dispatch))(request, response)
  const made = fallback.create([OTHER], { ...scope, toService }).request as Layer
  const layer: Layer = (next) => {
    beneath = next
    return made(retrying(next))
  }
  return { layer, atRest: () => restOf(scope) }
}
contractSuite('fallback to another service above retries', aboveRetries, { runs: RUNS })

suite('fallback for everything', [ANY])
suite('fallback without a body', [{ ...ANY, status: 204 }])
suite('fallback for statuses', [{ ...ANY, when: ['404', '503'] }])
suite('fallback of gRPC calls', [ANY, { ...ANY, grpcStatus: 'UNAVAILABLE' }], { around: calls })
suite('fallback to a copy', [COPY])
suite('fallback to a copy, then from the file', [COPY, ANY])
suite('fallback to a copy where there is hardly room for one', [COPY, ANY], { cache: 3000 })
suite('fallback to another service', [OTHER])
suite('fallback to another service for statuses', [{ ...OTHER, when: ['404', '503'] }, ANY])
suite('fallback to another service with a limit', [{ ...OTHER, timeout: 30 }, { ...OTHER, when: ['503'] }, ANY])
suite('fallback to a service, a copy, a service', [{ ...OTHER, when: ['503'] }, COPY, OTHER])
suite('fallback of gRPC calls to another service', [OTHER, { ...ANY, grpcStatus: 'UNAVAILABLE' }], { around: calls })
suite('fallback that only watches', [COPY, OTHER, ANY], { mode: 'shadow' })
