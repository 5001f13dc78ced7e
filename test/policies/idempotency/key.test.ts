import t from 'tap'
import { ABSENT, MALFORMED, parseKey, readKey } from '../../../src/policies/idempotency/key.ts'

t.test('parseKey() takes a string of Structured Fields and the same without quotes', async (t) => {
  for (const [text, key] of [
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['  abc  ', 'abc'],
    ['"a b"', 'a b'],
    [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ['"a,b;c"', 'a,b;c'],
    ['order/2026:17_x=+', 'order/2026:17_x=+'],
    ['x'.repeat(255), 'x'.repeat(255)],
    ['', MALFORMED],
    ['""', MALFORMED],
    ['x'.repeat(256), MALFORMED],
    [`"${'x'.repeat(256)}"`, MALFORMED],
    ['a b', MALFORMED],
    ['a,b', MALFORMED],
    ['a;b', MALFORMED],
    ['"a', MALFORMED],
    ['a"', MALFORMED],
    ['"a"b"', MALFORMED],
    ['"a"; x=1', MALFORMED],
    ['"', MALFORMED],
    ['"a\\"', MALFORMED],
    [String.raw`"a\b"`, MALFORMED],
    ['"ä"', MALFORMED],
    ['ä', MALFORMED],
    ['"\t"', MALFORMED],
  ] as const) {
    t.equal(parseKey(text), key, text.slice(0, 40))
  }
})

t.test('readKey() wants one field of that name, in any case', async (t) => {
  t.equal(readKey(['X-A', 'b'], 'idempotency-key'), ABSENT)
  t.equal(readKey(['IDEMPOTENCY-key', 'k'], 'idempotency-key'), 'k')
  t.equal(readKey(['idempotency-key', 'k', 'Idempotency-Key', 'k'], 'idempotency-key'), MALFORMED)
  t.equal(readKey(['x-request-key', 'k'], 'x-request-key'), 'k')
})
