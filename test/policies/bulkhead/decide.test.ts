import t from 'tap'
import { Slots, waitBound } from '../../../src/policies/bulkhead/decide.ts'

t.test('enter() runs up to the limit, then queues, then refuses', async (t) => {
  const slots = new Slots(2, 1, 0)
  t.same([slots.enter(), slots.enter(), slots.enter(), slots.enter()], ['run', 'run', 'wait', 'full'])
  t.match(slots, { inflight: 2, queued: 1 })
})

t.test('enter() leaves a free slot to those who wait', async (t) => {
  const slots = new Slots(1, 1, 0)
  slots.enter()
  slots.enter()
  slots.inflight--
  t.equal(slots.enter(), 'wait', 'a slot is free, so there is room behind the first')
  t.equal(slots.enter(), 'full')
  t.ok(slots.promote())
  t.notOk(slots.promote())
  t.match(slots, { inflight: 1, queued: 1 })
})

t.test('promote() does nothing while nobody waits', async (t) => {
  t.notOk(new Slots(1, 1, 0).promote())
})

t.test('enterStream() refuses past its own limit, and always without one', async (t) => {
  const slots = new Slots(1, 0, 1)
  t.same([slots.enterStream(), slots.enterStream()], [true, false])
  t.notOk(new Slots(1, 0, 0).enterStream())
})

t.test('empty: nobody runs, nobody waits, and no stream has a place', async (t) => {
  const slots = (inflight: number, queued: number, streams: number) =>
    Object.assign(new Slots(2, 2, 2), { inflight, queued, streams }).empty
  t.same([slots(0, 0, 0), slots(1, 0, 0), slots(0, 1, 0), slots(0, 0, 1)], [true, false, false, false])
})

t.test('waitBound() is the nearer of limit and deadline', async (t) => {
  for (const [now, deadline, limit, expected] of [
    [0, Number.POSITIVE_INFINITY, 200, 200],
    [100, 250, 200, 150],
    [100, 400, 200, 200],
    [100, 100, 200, 0],
    [100, 50, 200, 0],
  ] as const) {
    t.equal(waitBound(now, deadline, limit), expected, `${now} ${deadline} ${limit}`)
  }
})
