import t from 'tap'
import { isIdempotent, isKeyed } from '../../src/core/repeatable.ts'
import { requestHead } from '../support/stubs.ts'

t.test('isIdempotent() knows the methods of RFC 9110', async (t) => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']) {
    t.equal(isIdempotent(requestHead({ method })), true, method)
  }
  for (const method of ['POST', 'PATCH', 'CONNECT', 'get', 'BREW']) {
    t.equal(isIdempotent(requestHead({ method })), false, method)
  }
})

t.test('isIdempotent() leaves conditional writes out, not conditional reads', async (t) => {
  for (const name of ['If-Match', 'if-unmodified-since', 'If-None-Match', 'If-Modified-Since']) {
    t.equal(isIdempotent(requestHead({ method: 'PUT', headers: [name, '*'] })), false, name)
    t.equal(isIdempotent(requestHead({ method: 'GET', headers: [name, '*'] })), true, name)
  }
})

t.test('isKeyed() looks for an Idempotency-Key', async (t) => {
  t.equal(isKeyed(requestHead({ method: 'POST', headers: ['IDEMPOTENCY-KEY', '1'] })), true)
  t.equal(isKeyed(requestHead({ method: 'POST', headers: ['x-idempotency-key', '1'] })), false)
})
