import t from 'tap'
import { Slots } from '../../src/demo/slots.ts'

t.test('Slots.enter runs as many as there are slots, the rest first in, first out', async (t) => {
  const slots = new Slots(2)
  const started: number[] = []
  const leaves: (() => void)[] = []
  for (let id = 0; id < 5; id++) {
    slots.enter((leave) => {
      started.push(id)
      leaves.push(leave)
    })
  }
  t.same(started, [0, 1])
  t.equal(slots.waiting, 3)
  leaves[1]?.()
  t.same(started, [0, 1, 2])
  leaves[1]?.()
  t.same(started, [0, 1, 2], 'leaving twice frees no second slot')
  leaves[0]?.()
  leaves[2]?.()
  t.same(started, [0, 1, 2, 3, 4])
  t.equal(slots.busy, 2)
  t.equal(slots.waiting, 0)
  t.equal(slots.peak, 2)
})

t.test('Slots keep order through a queue of thousands', async (t) => {
  const slots = new Slots(1)
  let held: (() => void) | undefined
  const started: number[] = []
  for (let id = 0; id < 5000; id++) {
    slots.enter((leave) => {
      started.push(id)
      held = leave
    })
  }
  for (let turn = 0; turn < 5000; turn++) held?.()
  t.same(
    started,
    Array.from({ length: 5000 }, (_, id) => id),
  )
  t.equal(slots.busy, 0)
})

t.test('Slots.resetPeak goes on from what is busy now', async (t) => {
  const slots = new Slots(3)
  const leaves: (() => void)[] = []
  for (let id = 0; id < 3; id++) slots.enter((leave) => leaves.push(leave))
  leaves[0]?.()
  slots.resetPeak()
  t.equal(slots.peak, 2)
})
