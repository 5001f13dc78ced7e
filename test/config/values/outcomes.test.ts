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

t.test('parseOutcome() proposes what is meant', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['any', 'any is for fallbacks only'],
    ['unavailable', 'write grpc:UNAVAILABLE'],
    ['gateway-error', "did you mean '502-504'?"],
    ['4xx', "did you mean '400-499'?"],
    ['circuit_opened', "did you mean 'circuit_open'?"],
    ['something else altogether', ''],
    ['504-502', 'write 502-504'],
    ['grpc:14', "did you mean 'grpc:UNAVAILABLE'?"],
    ['GRPC:UNKNOWN', "did you mean 'grpc:UNKNOWN'?"],
    ['grpc:0', ''],
    ['grpc:nothing like it', ''],
  ]
  for (const [text, proposal] of cases) t.match(parseOutcome(text), { ok: false, proposal }, text)
})
