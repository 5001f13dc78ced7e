import t from 'tap'
import { REASON_LIST } from '../../src/core/errors.ts'
import { reasonIndex, reasonName, rowKey, splitKey } from '../../src/telemetry/labels.ts'
import { rpcKey, splitRpcKey } from '../../src/telemetry/rpc-status.ts'

t.test('every reason has a number of its own, and so has an answer that a fallback stood in for', async (t) => {
  const reasons = [...REASON_LIST, '100', '404', '503', '599', 'grpc:OK', 'grpc:UNAVAILABLE', 'grpc:UNAUTHENTICATED']
  const numbers = reasons.map(reasonIndex)
  t.equal(new Set(numbers).size, reasons.length)
  for (const [i, reason] of reasons.entries()) {
    t.equal(reasonName(numbers[i] as number), reason.startsWith('grpc:') ? reason.slice(5) : reason)
  }
  for (const nothing of ['', 'no reason', 'grpc:', 'grpc:NONE', '99', '600']) t.equal(reasonIndex(nothing), 0, nothing)
})

t.test('a key gives back what was put into it, and stays a small integer', async (t) => {
  const reason = reasonIndex('599')
  t.same(splitKey(rowKey(999, 9, reason, 3, 1)), { status: 999, method: 9, reason, protocol: 3, https: 1 })
  t.same(splitRpcKey(rpcKey(1000, 16, reason)), { method: 1000, code: 16, reason })
  t.ok(rowKey(999, 15, 1023, 3, 1) < 2 ** 30)
})
