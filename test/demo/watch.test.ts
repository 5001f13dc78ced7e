import t from 'tap'
import { viewOf } from '../../src/demo/watch.ts'

t.test('viewOf() reads the entries of one service', async (t) => {
  const state = {
    breakers: [
      { id: 'a', service: 'other', state: 'closed' },
      { id: 'b', service: 'inventory', state: 'half_open' },
    ],
    bulkheads: [{ service: 'inventory', inflight: 3, queue: 0, limit: 20 }],
  }
  t.same(viewOf(state, 'inventory'), { breaker: 'half-open', inflight: 3, limit: 20 })
  t.same(viewOf(state, 'nobody'), { breaker: 'unknown', inflight: 0, limit: 0 })
})

t.test('viewOf() passes over what is in shadow mode', async (t) => {
  const shadow = { service: 'inventory', mode: 'shadow' }
  const state = {
    breakers: [
      { ...shadow, state: 'open' },
      { service: 'inventory', state: 'closed' },
    ],
    bulkheads: [{ ...shadow, inflight: 9, limit: 1 }],
  }
  t.same(viewOf(state, 'inventory'), { breaker: 'closed', inflight: 0, limit: 0 })
})

t.test('viewOf() leaves out what it does not understand', async (t) => {
  const nothing = { breaker: 'unknown', inflight: 0, limit: 0 }
  for (const state of [undefined, null, 'text', {}, { breakers: 5 }, { breakers: [null, 7, {}] }]) {
    t.same(viewOf(state, 'inventory'), nothing)
  }
  t.equal(viewOf({ breakers: [{ service: 'i', state: 'OPEN' }] }, 'i').breaker, 'open')
  t.equal(viewOf({ breakers: [{ service: 'i', state: 'melted' }] }, 'i').breaker, 'unknown')
})
