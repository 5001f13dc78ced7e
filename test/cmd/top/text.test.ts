import t from 'tap'
import { Paint, sparkline, table } from '../../../cmd/top/text.ts'

const COLUMNS = [{ name: 'NAME' }, { name: 'N', right: true }, { name: 'WHY' }]
const ROWS = [
  ['inventory', '1', 'because'],
  [{ text: 'a', look: 'bad' } as const, '1000', 'x'],
]

t.test('Figures stand to the right, words to the left', (t) => {
  t.strictSame(table(new Paint(false), COLUMNS, ROWS, 80), [
    'NAME          N  WHY',
    'inventory     1  because',
    'a          1000  x',
  ])
  t.end()
})

t.test('No line is wider than the terminal, and colours take no room', (t) => {
  const lines = table(new Paint(true), COLUMNS, ROWS, 20)
  const seen = lines.map((line) => line.replaceAll(/\u001b\[[\d;]*m/g, ''))
  t.strictSame(seen, ['NAME          N  WHY', 'inventory     1  be…', 'a          1000  x'])
  t.match(lines[2], '\u001b[1;31ma\u001b[0m')
  t.end()
})

t.test('A course shows its newest values, the largest at full height', (t) => {
  t.equal(sparkline([9, 0, 1, 4, 8], 4), '▁▂▅█')
  t.equal(sparkline([0, 0], 4), '▁▁')
  t.equal(sparkline([], 4), '')
  t.end()
})
