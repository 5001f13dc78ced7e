import t from 'tap'
import {
  formatDuration,
  formatRate,
  parseDuration,
  parsePercentage,
  parseRate,
  parseSize,
} from '../../../src/config/values/units.ts'

t.test('parseDuration() gives ms', async (t) => {
  const cases = { '250ms': 250, '2s': 2000, '1.5s': 1500, '1m': 60_000, '24h': 86_400_000, '0s': 0, '007ms': 7 }
  for (const [text, value] of Object.entries(cases)) t.same(parseDuration(text), { ok: true, value }, text)
})

t.test('parseSize() gives bytes, parsePercentage() a fraction, parseRate() per second', async (t) => {
  t.match(parseSize('64KiB'), { value: 65_536 })
  t.match(parseSize('1.5MiB'), { value: 1_572_864 })
  t.match(parseSize('10B'), { value: 10 })
  t.match(parsePercentage('7%'), { value: 0.07 })
  t.match(parsePercentage('0.1%'), { value: 0.001 })
  t.match(parseRate('100/s'), { value: 100 })
  t.match(parseRate('90/m'), { value: 1.5 })
})

t.test('what is no quantity is refused with a proposal', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['250', /^write 250ms or 250s$/],
    ['1h30m', /write 90m$/],
    ['1h30m15s', /write 5415s$/],
    ['2s500ms', /write 2500ms$/],
    ['2 s', /^write 2s$/],
    ['2S', /^write 2s$/],
    ['100millis', /^write 100ms$/],
    ['2days', /^write 48h$/],
    ['1e3', /^write 1000ms or 1000s$/],
    ['1.s', /^write 1s$/],
    ['.5s', /^write 0\.5s$/],
    ['5us', /^units are/],
    ['5 parsecs', /^(write|units are)/],
    ['s', /^$/],
    ['1e3ms', /^/],
    ['+2s', /^$/],
    ['', /^$/],
    ['2s\n', /^write 2s$/],
  ]
  for (const [text, proposal] of cases) t.match(parseDuration(text), { ok: false, proposal }, JSON.stringify(text))
  t.match(parseSize('64kb'), { proposal: 'write 64KiB' })
  t.match(parseSize('64'), { missingUnit: true, proposal: 'write 64B or 64KiB' })
  t.match(parsePercentage('0.2'), { proposal: 'write 0.2% or 20%' })
  t.match(parsePercentage('1'), { proposal: /^write 1%$/ })
  t.match(parseSize('2TiB'), { proposal: 'write 2048GiB' })
  t.match(parseSize('1KiBs'), { proposal: 'write 1KiB' })
  t.match(parseRate('100rps'), { proposal: 'write 100/s' })
  t.match(parseRate('100/ s'), { proposal: 'write 100/s' })
  t.match(parseRate('2/ms'), { proposal: 'write 2000/s' })
  t.match(parseRate('5/d'), { proposal: /^units are/ })
})

t.test('formatDuration() writes the largest unit that is whole', async (t) => {
  t.same([250, 1000, 1500, 90_000, 60_000, 7_200_000].map(formatDuration), ['250ms', '1s', '1500ms', '90s', '1m', '2h'])
})

t.test('formatRate() writes the largest unit in which it is at least 1', async (t) => {
  t.same([100, 1.5, 1, 0.5, 1 / 60, 1 / 3600].map(formatRate), ['100/s', '1.5/s', '1/s', '30/m', '1/m', '1/h'])
})
