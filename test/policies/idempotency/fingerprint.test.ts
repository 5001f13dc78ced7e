import { createHash } from 'node:crypto'
import t from 'tap'
import { Fingerprint } from '../../../src/policies/idempotency/fingerprint.ts'
import { lent, takeBack } from '../../support/lent.ts'
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

t.test('Fingerprint is of what came, also where a piece that was passed on is used again', (t) => {
  for (const pieces of [['abc'], ['a', 'bc'], ['a', 'b', 'c']]) {
    const fingerprint = new Fingerprint(requestHead({ method: 'POST' }))
    for (const piece of pieces) {
      const chunk = lent(piece)
      fingerprint.add(chunk)
      takeBack(chunk)
    }
    t.equal(fingerprint.end(), createHash('sha256').update('POST /\n\n\n\nabc').digest('hex'), pieces.join('|'))
  }
  t.end()
})
