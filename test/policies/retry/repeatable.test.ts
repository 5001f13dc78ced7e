import t from 'tap'
import { isIdempotent, isKeyed, mayRepeat } from '../../../src/policies/retry/repeatable.ts'
import { requestOf } from './scene.ts'

t.test('isIdempotent() knows the methods of RFC 9110', async (t) => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']) {
    t.equal(isIdempotent(requestOf({ method })), true, method)
  }
  for (const method of ['POST', 'PATCH', 'CONNECT', 'get', 'BREW']) {
    t.equal(isIdempotent(requestOf({ method })), false, method)
  }
})

t.test('isIdempotent() leaves conditional writes out, not conditional reads', async (t) => {
  for (const name of ['If-Match', 'if-unmodified-since', 'If-None-Match', 'If-Modified-Since']) {
    t.equal(isIdempotent(requestOf({ method: 'PUT', headers: [name, '*'] })), false, name)
    t.equal(isIdempotent(requestOf({ method: 'GET', headers: [name, '*'] })), true, name)
  }
})

t.test('isKeyed() looks for an Idempotency-Key', async (t) => {
  t.equal(isKeyed(requestOf({ method: 'POST', headers: ['IDEMPOTENCY-KEY', '1'] })), true)
  t.equal(isKeyed(requestOf({ method: 'POST', headers: ['x-idempotency-key', '1'] })), false)
})

t.test('mayRepeat() follows `methods`, but not for gRPC', async (t) => {
  const post = requestOf({ method: 'POST' })
  t.strictSame([mayRepeat(post, 'idempotent'), mayRepeat(post, 'keyed'), mayRepeat(post, 'any')], [false, false, true])
  const keyed = requestOf({ method: 'PUT', headers: ['If-Match', '"1"', 'Idempotency-Key', '1'] })
  t.strictSame([mayRepeat(keyed, 'idempotent'), mayRepeat(keyed, 'keyed')], [false, true])
  t.equal(mayRepeat(requestOf({ method: 'POST', grpc: true }), 'keyed'), true)
})
