/** A client, one part of the timeout policy and an upstream that does as it is told. */
import { type TimeoutConfig, timeout } from '../../../src/policies/timeout/policy.ts'
import { Client, type RequestOptions, requestHead, responseHead, testScope, Upstream } from '../../support/stubs.ts'

export const NOTHING: TimeoutConfig = {
  request: undefined,
  perTry: undefined,
  idle: undefined,
  connect: 1000,
  maxStream: undefined,
}

export function scene(part: 'request' | 'picked', config: Partial<TimeoutConfig> = {}) {
  const scope = testScope()
  const upstream = new Upstream()
  /** Sends early hints from the newest call. */
  let hint = () => {}
  const dispatch = timeout.create({ ...NOTHING, ...config }, scope)[part]!((request, response) => {
    hint = () => response.informational(responseHead(103))
    return upstream.dispatch(request, response)
  })
  const ask = (asked: RequestOptions = {}, kind: 'first' | 'retry' = 'first') => {
    const client = new Client()
    const plain = requestHead({ startedAt: scope.clock.now(), ...asked })
    const request = kind === 'first' ? plain : plain.forAttempt(retryOf(plain), true)
    const body = dispatch(request, client)
    if (request.bodyLength === 0 && !request.isTunnel) body.end()
    return { client, body, request }
  }
  return { scope, upstream, ask, clock: scope.clock, hint: () => hint() }
}

function retryOf(request: ReturnType<typeof requestHead>) {
  const attempt = Object.assign(Object.create(Object.getPrototypeOf(request.attempt)), request.attempt)
  return Object.assign(attempt, { kind: 'retry', last: true, fields: [] })
}
