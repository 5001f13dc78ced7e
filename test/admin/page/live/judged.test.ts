import t from 'tap'
import { judgements } from '../../../../src/admin/page/live/judged.ts'
import type { OutlierSnapshot } from '../../../../src/core/events.ts'

function judgement(mode: 'enforce' | 'shadow', state: OutlierSnapshot['state'], ejectedFor = 0): OutlierSnapshot {
  const counts = { consecutive: 0, calls: 0, failureRatio: 0, times: 0 }
  return { kind: 'outlier', service: 'inventory', address: '10.0.0.7:80', mode, state, ejectedFor, ...counts }
}

t.test('Of several judgements of an endpoint the one that keeps it out is told, in whatever order they come', (t) => {
  const worstFirst = [
    judgement('enforce', 'ejected', 9),
    judgement('enforce', 'ejected', 4),
    judgement('enforce', 'probing'),
    judgement('enforce', 'ready'),
    judgement('shadow', 'ejected', 30),
    judgement('shadow', 'ready'),
  ]
  for (const [at, first] of worstFirst.entries()) {
    const rest = worstFirst.slice(at)
    t.equal(judgements(rest).get('inventory 10.0.0.7:80'), first)
    t.equal(judgements(rest.toReversed()).get('inventory 10.0.0.7:80'), first)
  }
  t.end()
})
