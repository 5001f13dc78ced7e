import t from 'tap'
import { mayRepeat } from '../../../src/policies/retry/repeatable.ts'
import { requestOf } from './scene.ts'

t.test('mayRepeat() follows `methods`, but not for gRPC', async (t) => {
  const post = requestOf({ method: 'POST' })
  t.strictSame([mayRepeat(post, 'idempotent'), mayRepeat(post, 'keyed'), mayRepeat(post, 'any')], [false, false, true])
  const keyed = requestOf({ method: 'PUT', headers: ['If-Match', '"1"', 'Idempotency-Key', '1'] })
  t.strictSame([mayRepeat(keyed, 'idempotent'), mayRepeat(keyed, 'keyed')], [false, true])
  t.equal(mayRepeat(requestOf({ method: 'POST', grpc: true }), 'keyed'), true)
})
