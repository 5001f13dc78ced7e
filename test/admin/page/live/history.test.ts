import t from 'tap'
import type { Frame } from '../../../../src/admin/index.ts'
import { History } from '../../../../src/admin/page/live/history.ts'
import type { ServiceTotals } from '../../../../src/telemetry/index.ts'

const BOUNDS = [5, 10]

function frame(seconds: number, services: readonly ServiceTotals[], uptimeSeconds = seconds): Frame {
  return { now: seconds * 1000, uptimeSeconds, bounds: BOUNDS, services } as unknown as Frame
}

/** `slow` of `all` took 5 to 10 ms, the others less. */
function totals(all: number, slow = 0, outcomes: ServiceTotals['outcomes'] = {}): ServiceTotals {
  return { direction: 'outbound', service: 'inventory', inflight: 3, durations: [all - slow, all, all], outcomes }
}

t.test('One frame tells no rate', (t) => {
  const [service] = new History().push(frame(100, [totals(50)]))
  t.match(service, { service: 'inventory', inflight: 3, figures: undefined, points: [] })
  t.end()
})

t.test('Figures are those of the last ten seconds', (t) => {
  const history = new History()
  for (let i = 0; i <= 10; i++) history.push(frame(i, [totals(1000 * i)]))
  for (let i = 11; i <= 20; i++) {
    history.push(
      frame(i, [totals(10_000 + 20 * (i - 10), 10 * (i - 10), { failed: i - 10, refused: 10, retried: 30 })]),
    )
  }
  const [service] = history.push(frame(21, [totals(10_220, 110, { failed: 11, refused: 10, retried: 30 })]))
  t.match(service?.figures, { rate: 20, failed: 1, refused: 0, retried: 0, errorShare: 0.05 })
  t.equal(service?.figures?.p50, 5)
  t.ok((service?.figures?.p99 ?? 0) > 9.8)
  t.equal(service?.points.length, 21)
  t.match(service?.points.at(-1), { at: 21, rate: 20, errors: 1 })
  t.end()
})

t.test('A frame that was missed loses nothing', (t) => {
  const history = new History()
  history.push(frame(0, [totals(0)]))
  const [service] = history.push(frame(4, [totals(40)]))
  t.match(service?.figures, { rate: 10 })
  t.end()
})

t.test('A service that comes later is new as a whole', (t) => {
  const history = new History()
  history.push(frame(0, []))
  history.push(frame(1, []))
  const [service] = history.push(frame(2, [totals(8)]))
  t.match(service?.figures, { rate: 4 })
  t.end()
})

t.test('Where nothing ended there are no percentiles, and no share of errors', (t) => {
  const history = new History()
  history.push(frame(0, [totals(5)]))
  const [service] = history.push(frame(1, [totals(5)]))
  t.match(service?.figures, { rate: 0, errorShare: Number.NaN, p50: Number.NaN })
  t.end()
})

t.test('After a new start of the sidecar nothing is compared with before', (t) => {
  const history = new History()
  history.push(frame(500, [totals(5000)]))
  history.push(frame(501, [totals(5010)]))
  const [first] = history.push(frame(2, [totals(3)]))
  t.match(first, { figures: undefined, points: [] })
  const [second] = history.push(frame(3, [totals(9)]))
  t.match(second?.figures, { rate: 6 })
  t.end()
})

t.test('Series that leave with their counts are no traffic, in neither direction', (t) => {
  const history = new History()
  history.push(frame(0, [totals(5000)]))
  history.push(frame(1, [totals(5010)]))
  const [left] = history.push(frame(2, [totals(20)]))
  t.match(left?.figures, undefined)
  t.equal(left?.points.length, 1)
  const [after] = history.push(frame(3, [totals(27)]))
  t.match(after?.figures, { rate: 7 })
  t.end()
})

t.test('Five minutes are kept', (t) => {
  const history = new History()
  for (let i = 0; i < 400; i++) history.push(frame(i, [totals(i)]))
  const [service] = history.push(frame(400, [totals(400)]))
  t.equal(service?.points.length, 300)
  t.equal(service?.points[0]?.at, 101)
  t.end()
})
