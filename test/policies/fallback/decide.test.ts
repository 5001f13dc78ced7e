import t from 'tap'
import { ProxyError, type Reason, type Source } from '../../../src/core/errors.ts'
import { ResponseHead } from '../../../src/core/exchange.ts'
import { reasonOfHead, When } from '../../../src/policies/fallback/decide.ts'
import { responseHead } from '../../support/stubs.ts'

function error(reason: Reason, source: Source = 'upstream'): ProxyError {
  return new ProxyError(reason, source, 'no', '')
}

t.test('any covers failures from below, and neither 4xx nor what the client did', async (t) => {
  const any = new When(['any'])
  for (const reason of [
    'circuit_open',
    'bulkhead_full',
    'bulkhead_queue_timeout',
    'request_timeout',
    'connect_failure',
    'upstream_reset',
    'no_endpoints',
    'overload',
    'fault_injected',
  ] as const) {
    t.ok(any.coversError(error(reason), false), reason)
  }
  for (const reason of [
    'denied',
    'unauthorized',
    'rate_limited',
    'client_cancelled',
    'superseded',
    'route_not_found',
    'payload_too_large',
    'idempotency_mismatch',
  ] as const) {
    t.notOk(any.coversError(error(reason), false), reason)
  }
  t.notOk(any.coversError(error('stream_idle_timeout', 'downstream'), false), 'a stalled upload')
  for (const [status, expected] of [
    [200, false],
    [404, false],
    [429, false],
    [499, false],
    [500, true],
    [599, true],
  ] as const) {
    t.equal(any.coversHead(responseHead(status), false), expected, String(status))
  }
})

t.test('a stated token covers what it says', async (t) => {
  const when = new When(['timeout', '502-503', '404', 'rate_limited'])
  t.ok(when.coversError(error('per_try_timeout'), false))
  t.ok(when.coversError(error('rate_limited', 'proxy'), false))
  t.notOk(when.coversError(error('circuit_open', 'proxy'), false))
  t.ok(when.coversHead(responseHead(503), false))
  t.ok(when.coversHead(responseHead(404), false))
  t.notOk(when.coversHead(responseHead(504), false))
})

t.test('a client that left is never answered, even where the token stands', async (t) => {
  t.notOk(new When(['client_cancelled']).coversError(error('client_cancelled', 'downstream'), false))
})

t.test('only an answer of the upstream is replaced', async (t) => {
  t.notOk(new When(['5xx']).coversHead(new ResponseHead(503, '', [], 0, 'proxy', 'overload'), false))
})

t.test(
  'reasonOfHead() is the status, of a gRPC call the one it names, and of a refusal below gRPC that of HTTP',
  async (t) => {
    const called = (status: number, code: string) => reasonOfHead(responseHead(status, ['grpc-status', code]), true)
    t.equal(reasonOfHead(responseHead(503), false), '503')
    t.equal(reasonOfHead(responseHead(200, ['grpc-status', '14']), false), '200')
    t.equal(called(200, '14'), 'grpc:UNAVAILABLE')
    t.equal(called(503, '14'), '503')
    t.equal(reasonOfHead(responseHead(200), true), '200')
  },
)
