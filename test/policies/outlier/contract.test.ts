/** G1–G9 through generated histories: outlier over one endpoint after another, alone and under retry. */
import type { EndpointInfo, Layer } from '../../../src/core/exchange.ts'
import type { Eligible } from '../../../src/core/policy.ts'
import { outlier } from '../../../src/policies/outlier/policy.ts'
import { type RetryConfig, retry } from '../../../src/policies/retry/policy.ts'
import { calls } from '../../contract/grpc-calls.ts'
import type { SubjectEnv } from '../../contract/play.ts'
import { restOf, scopeOf } from '../../contract/scope.ts'
import { contractSuite } from '../../contract/suite.ts'
import { endpointInfo } from '../../support/stubs.ts'
import { DEFAULTS } from '../retry/scene.ts'

const NERVOUS = { consecutive: 1, ejectFor: 20, maxEjected: 1, jitter: 0.2 }

/** In turn over two endpoints, but to whom outlier prefers, and not to whom it does not admit. */
function pick(env: SubjectEnv, test: Eligible): Layer {
  const endpoints: EndpointInfo[] = ['a', 'b'].map((address) => endpointInfo(address))
  let turn = 0
  return (next) => (request, response) => {
    const preferred = test.prefers!(endpoints, request)
    const admitted = endpoints.filter((endpoint) => test.admits(endpoint, request))
    const { attempt, exchange } = request
    attempt.endpoint = preferred ?? admitted[turn++ % admitted.length]
    attempt.number = ++exchange.attempts
    attempt.startedAt = env.clock.now()
    return next(request, response)
  }
}

function subject(config: RetryConfig | undefined) {
  return (env: SubjectEnv) => {
    const scope = scopeOf(env)
    const { eligible, picked } = outlier.create(NERVOUS, scope)
    const again = config === undefined ? (next: Parameters<Layer>[0]) => next : retry.create(config, scope).request!
    const layer: Layer = (next) => again(pick(env, eligible!)(picked!(next)))
    return { layer, atRest: () => restOf(scope) }
  }
}

const OFTEN: RetryConfig = { ...DEFAULTS, max: 2, when: ['5xx', 'upstream_reset', 'grpc:UNAVAILABLE'] }

contractSuite('outlier alone', subject(undefined), { askers: 5, runs: 800 })
contractSuite('outlier under retry with max 0', subject(DEFAULTS), { askers: 5, runs: 800 })
contractSuite('outlier under retry', subject(OFTEN), { askers: 5, runs: 800 })
contractSuite(
  'outlier of gRPC calls under retry',
  (env) => {
    const { layer, atRest } = subject(OFTEN)(env)
    return { layer: calls(layer), atRest }
  },
  { askers: 5, runs: 800 },
)
