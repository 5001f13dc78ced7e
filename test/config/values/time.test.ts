import t from 'tap'
import { formatTime, parseTime } from '../../../src/config/values/time.ts'

for (const [text, expected] of [
  ['2026-12-31T00:00:00Z', '2026-12-31T00:00:00Z'],
  ['2026-12-31T00:00:00.5Z', '2026-12-31T00:00:00.500Z'],
  ['2026-12-31T00:30:00+01:00', '2026-12-30T23:30:00Z'],
  ['2024-02-29T23:59:59-08:00', '2024-03-01T07:59:59Z'],
] as const) {
  t.test(`parseTime() reads ${text}`, async (t) => {
    const time = parseTime(text)
    t.ok(time.ok)
    t.equal(time.ok && formatTime(time.value), expected)
  })
}

for (const [text, proposal] of [
  ['2026-12-31', /^write 2026-12-31T00:00:00Z /],
  ['2026-12-31t00:00:00z', /^write 2026-12-31T00:00:00Z$/],
  ['2026-12-31 00:00:00Z', /^write 2026-12-31T00:00:00Z$/],
  ['2026-12-31T00:00:00', /write 2026-12-31T00:00:00Z for UTC/],
  ['2025-02-29T00:00:00Z', /no such time/],
  ['2026-04-31T00:00:00+02:00', /no such time/],
  ['2026-13-01T00:00:00Z', /no such time/],
  ['2026-12-31T24:30:00Z', /no such time/],
  ['2026-12-31T00:00Z', /^$/],
  ['30m', /^$/],
  ['', /^$/],
] as const) {
  t.test(`parseTime() refuses '${text}'`, async (t) => {
    const time = parseTime(text)
    t.notOk(time.ok)
    if (!time.ok) t.match(time.proposal, proposal)
  })
}
