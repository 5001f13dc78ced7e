import t from 'tap'
import { Strain } from '../../src/http2/strain.ts'
import { FakeClock } from '../support/fake-clock.ts'

t.test('Strain: a reset of ours takes nothing back of the calm that was asked for', (t) => {
  const clock = new FakeClock()
  const strain = new Strain(clock)
  clock.advance(1000)
  strain.askedForCalm()
  strain.reset()
  t.ok(strain.wornOut)
  t.end()
})

t.test('Strain: resets are forgiven in time', (t) => {
  const clock = new FakeClock()
  const strain = new Strain(clock)
  for (let i = 0; i < 200; i++) strain.reset()
  t.ok(strain.wornOut)
  clock.advance(60_000)
  strain.reset()
  t.notOk(strain.wornOut)
  t.end()
})
