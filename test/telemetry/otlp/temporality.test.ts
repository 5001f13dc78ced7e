import t from 'tap'
import type { Row } from '../../../src/telemetry/otlp/metric-rows.ts'
import { Temporality } from '../../../src/telemetry/otlp/temporality.ts'

const START = 1000

function row(value: number, counts: number[] = [], attributes: Record<string, string> = {}): Row {
  return { value, counts, attributes, bounds: [] }
}

t.test('Cumulative: a row counts since the start, one that came later since the export before it', async (t) => {
  const temporality = new Temporality(false, START)
  t.match(temporality.counted('m', row(1)), { row: { value: 1 }, since: START })
  temporality.exported(2000)
  t.match(temporality.counted('m', row(5)), { row: { value: 5 }, since: START })
  t.match(temporality.counted('m', row(2, [], { a: 'b' })), { row: { value: 2 }, since: 2000 })
  temporality.exported(3000)
  t.match(temporality.counted('m', row(3, [], { a: 'b' })), { since: 2000 })
})

t.test('Cumulative: a row that left begins anew when it comes back', async (t) => {
  const temporality = new Temporality(false, START)
  temporality.counted('m', row(9))
  temporality.exported(2000)
  temporality.exported(3000)
  t.match(temporality.counted('m', row(1)), { row: { value: 1 }, since: 3000 })
})

t.test('Delta: what came since the last export, and nothing of what did not move', async (t) => {
  const temporality = new Temporality(true, START)
  t.match(temporality.counted('m', row(3, [1, 2])), { row: { value: 3, counts: [1, 2] }, since: START })
  temporality.exported(2000)
  t.match(temporality.counted('m', row(4.5, [1, 4])), { row: { value: 1.5, counts: [0, 2] }, since: 2000 })
  temporality.exported(3000)
  t.equal(temporality.counted('m', row(4.5, [1, 4])), undefined)
  temporality.exported(4000)
  t.match(temporality.counted('m', row(1, [1, 0])), { row: { value: 1, counts: [1, 0] }, since: 4000 }, 'begun anew')
})

t.test('Metrics and attributes tell rows apart', async (t) => {
  const temporality = new Temporality(true, START)
  temporality.counted('m', row(1, [], { a: 'b' }))
  temporality.counted('n', row(2, [], { a: 'b' }))
  temporality.exported(2000)
  t.match(temporality.counted('n', row(5, [], { a: 'b' })), { row: { value: 3 } })
  t.match(temporality.counted('m', row(5, [], { a: 'c' })), { row: { value: 5 } })
})
