import t from 'tap'
import { bar, duration, padEnd, percent, sparkline, table, width } from '../../src/demo/table.ts'

t.test('table() aligns by what is seen', async (t) => {
  const text = table(
    ['', 'ok'],
    [
      ['a', '\u001b[32m100 %\u001b[0m'],
      ['long name', '3 %'],
    ],
  )
  t.same(text.split('\n'), [
    '              ok',
    '────────────────',
    'a          \u001b[32m100 %\u001b[0m',
    'long name    3 %',
  ])
})

t.test('width() and padEnd() do not count colours', async (t) => {
  t.equal(width('\u001b[1;31mred\u001b[0m'), 3)
  t.equal(width(padEnd('\u001b[31mred\u001b[0m', 6)), 6)
  t.equal(padEnd('longer', 3), 'longer')
})

t.test('percent() never rounds up to full marks', async (t) => {
  t.same([100, 99.99, 0, 0.02, 33.333, Number.NaN].map(percent), ['100 %', '99.9 %', '0 %', '0.0 %', '33.3 %', '–'])
})

t.test('duration() takes the unit that reads best', async (t) => {
  t.same([0.04, 3.21, 99.6, 998, 999.6, 12_345, Number.NaN].map(duration), [
    ...['0.0 ms', '3.2 ms', '100 ms', '998 ms', '1.00 s', '12.35 s', '–'],
  ])
})

t.test('bar() shows that something is there, and that something is left', async (t) => {
  t.equal(bar(0, 200, 4), '░░░░')
  t.equal(bar(1, 200, 4), '█░░░')
  t.equal(bar(199, 200, 4), '███░')
  t.equal(bar(200, 200, 4), '████')
  t.equal(bar(900, 200, 4), '████')
  t.equal(bar(1, 0, 2), '█░')
})

t.test('sparkline() draws shares', async (t) => {
  t.equal(sparkline([0, 0.5, 1, Number.NaN]), '▁▅█ ')
})
