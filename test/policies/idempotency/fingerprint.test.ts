import { createHash } from 'node:crypto'
import t from 'tap'
import { Fingerprint } from '../../../src/policies/idempotency/fingerprint.ts'
import { requestHead } from '../../support/stubs.ts'

t.test('Fingerprint is the same however the body was cut', async (t) => {
  const headers = ['Content-Type', 'text/plain', 'Authorization', 'Bearer ü']
  const expected = createHash('sha256').update('POST /\ntext/plain\n\nBearer ü\nabc').digest('hex')
  for (const pieces of [['abc'], ['a', 'bc'], ['a', 'b', 'c'], ['', 'abc']]) {
    const fingerprint = new Fingerprint(requestHead({ method: 'POST', headers }))
    for (const piece of pieces) fingerprint.add(Buffer.from(piece))
    t.equal(fingerprint.end(), expected, pieces.join('|'))
  }
  const none = createHash('sha256').update('POST /\n\n\n\n').digest('hex')
  const signed = ['Authorization', 'HMAC 2026']
  t.equal(
    new Fingerprint(requestHead({ method: 'POST', headers: signed })).end(),
    none,
    'a signature is not counted in',
  )
})
