import t from 'tap'
import { retryAfter } from '../../src/core/retry-after.ts'

const NOW = Date.UTC(2026, 10, 21, 2, 0, 0)

t.test('retryAfter() reads seconds', async (t) => {
  t.equal(retryAfter('0', NOW), 0)
  t.equal(retryAfter('60', NOW), 60_000)
  t.equal(retryAfter(' 5 ', NOW), 5000)
})

t.test('retryAfter() reads all three forms of a date', async (t) => {
  t.equal(retryAfter('Sat, 21 Nov 2026 02:00:30 GMT', NOW), 30_000)
  t.equal(retryAfter('Saturday, 21-Nov-26 02:01:00 GMT', NOW), 60_000)
  t.equal(retryAfter('Sat Nov 21 02:00:02 2026', NOW), 2000)
  t.equal(retryAfter('Tue Dec  1 02:00:00 2026', NOW), 10 * 24 * 3_600_000)
})

t.test(
  'retryAfter() takes the first and the last of a month, a leap second, and a year in half a century',
  async (t) => {
    t.equal(retryAfter('Sun, 31 Jan 2027 23:59:60 GMT', NOW), Date.UTC(2027, 1, 1) - NOW)
    t.equal(retryAfter('Fri, 01 Jan 2027 00:00:00 GMT', NOW), Date.UTC(2027, 0, 1) - NOW)
    t.equal(retryAfter('Monday, 21-Nov-76 02:00:00 GMT', NOW), Date.UTC(2076, 10, 21, 2) - NOW)
  },
)

t.test('retryAfter() takes a date that has passed for no wait', async (t) => {
  t.equal(retryAfter('Sun, 06 Nov 1994 08:49:37 GMT', NOW), 0)
  t.equal(retryAfter('Sunday, 06-Nov-94 08:49:37 GMT', NOW), 0, 'two digits more than 50 years ahead are past')
  t.equal(retryAfter('Sun Nov  6 08:49:37 1994', NOW), 0)
})

t.test('retryAfter() ignores what it cannot read', async (t) => {
  const texts = ['', 'soon', '-1', '1.5', '1e3', '9999999999', '2026-11-21T02:00:00Z', 'Sat, 21 Nov 2026 02:00:30 CET']
  const dates = [
    'Sat, 41 Nov 2026 02:00:30 GMT',
    'Sat, 21 Foo 2026 02:00:30 GMT',
    'Sat, 21 Nov 2026 24:00:30 GMT',
    'Sat, 21 Nov 2026 02:60:00 GMT',
    'Sat, 21 Nov 2026 02:00:61 GMT',
  ]
  for (const text of [...texts, ...dates]) t.equal(retryAfter(text, NOW), undefined, text)
})
