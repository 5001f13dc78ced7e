import t from 'tap'
import { parseOutcome } from '../../../src/config/values/outcomes.ts'

t.test('parseOutcome() takes reasons, groups, statuses, ranges and gRPC names', async (t) => {
  for (const text of ['circuit_open', 'timeout', '5xx', '503', '500-599', '404', 'grpc:UNKNOWN', 'grpc:DATA_LOSS']) {
    t.same(parseOutcome(text), { ok: true, value: text })
  }
  t.ok(parseOutcome('any', ['any']).ok)
})

t.test('parseOutcome() refuses the rest', async (t) => {
  for (const text of [
    'any',
    '4xx',
    '99',
    '600',
    '504-502',
    '5',
    '503-',
    'grpc:',
    'grpc:OK',
    'grpc:nope',
    'GRPC:UNKNOWN',
    '',
  ]) {
    t.match(parseOutcome(text), { ok: false }, text)
  }
})
