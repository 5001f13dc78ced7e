import t from 'tap'
import { sample } from '../../../src/telemetry/families/family.ts'
import { rowsOf } from '../../../src/telemetry/otlp/metric-rows.ts'

t.test('rowsOf() leaves out labels that say nothing, and values that are no number', async (t) => {
  const samples = () => [sample(1, { route: '/a', error_type: '' }), sample(Number.NaN, { route: '/b' })]
  t.same(rowsOf({ name: 'x', help: '', type: 'gauge', samples }), [
    { attributes: { route: '/a' }, value: 1, bounds: [], counts: [] },
  ])
})

t.test('rowsOf() takes a histogram apart: each bucket alone, the last beyond all bounds', async (t) => {
  const row = (labels: Record<string, string>, one: number, two: number, all: number) => [
    sample(one, labels, '_bucket', '0.5'),
    sample(two, labels, '_bucket', '1'),
    sample(all, labels, '_bucket', '+Inf'),
    sample(9.5, labels, '_sum'),
    sample(all, labels, '_count'),
  ]
  const samples = () => [...row({ http_route: '/a' }, 1, 3, 7), ...row({ http_route: '/b' }, 0, 0, 2)]
  t.same(rowsOf({ name: 'x', help: '', type: 'histogram', samples }), [
    { attributes: { 'http.route': '/a' }, value: 9.5, bounds: [0.5, 1], counts: [1, 2, 4] },
    { attributes: { 'http.route': '/b' }, value: 9.5, bounds: [0.5, 1], counts: [0, 0, 2] },
  ])
})
