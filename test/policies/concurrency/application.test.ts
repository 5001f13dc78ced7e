/** The limit at work on an application of so many workers, with its own clock. */
import t from 'tap'
import { Seeded } from '../../support/seeded.ts'
import { Application } from './application.ts'

/** Workers, ms of each request, and what they carry per second. */
const SLOTS = 16
const TIME = 20
const CAPACITY = (SLOTS / TIME) * 1000

t.test('Three times too much from the first moment: nearly all of the capacity, and no long queue', async (t) => {
  const app = new Application(SLOTS, () => TIME)
  await app.load(3 * CAPACITY, 3)
  const { served, mean, p95 } = await app.load(3 * CAPACITY, 10)
  t.ok(served > 0.95 * CAPACITY * 10, `${served} served`)
  t.ok(mean < 2 * TIME, `mean ${mean}`)
  t.ok(p95 < 2.5 * TIME, `p95 ${p95}`)
  t.ok(app.state.limit >= 12 && app.state.limit <= 2 * SLOTS, `limit ${app.state.limit}`)
})

t.test(
  'Half of the workers go: the queue that was right before is given up; they come back: it is had again',
  async (t) => {
    const app = new Application(SLOTS, () => TIME)
    await app.load(2 * CAPACITY, 3)
    app.slots = SLOTS / 2
    await app.load(2 * CAPACITY, 3)
    const fewer = await app.load(2 * CAPACITY, 5)
    t.ok(fewer.served > 0.45 * CAPACITY * 5, `${fewer.served} served`)
    t.ok(fewer.mean < 3 * TIME, `mean ${fewer.mean}`)
    app.slots = 2 * SLOTS
    await app.load(4 * CAPACITY, 3)
    const more = await app.load(4 * CAPACITY, 5)
    t.ok(more.served > 1.9 * CAPACITY * 5, `${more.served} served`)
    t.ok(more.mean < 2.5 * TIME, `mean ${more.mean}`)
  },
)

t.test('Requests that take four times as long of themselves do not starve it, nor are they for ever', async (t) => {
  const app = new Application(SLOTS, () => TIME)
  await app.load(2 * CAPACITY, 3)
  app.time = () => 4 * TIME
  await app.load(CAPACITY, 5)
  const { served, mean } = await app.load(CAPACITY, 8)
  t.ok(served > 0.22 * CAPACITY * 8, `${served} served`)
  t.ok(mean < 2.5 * 4 * TIME, `mean ${mean}`)
  app.time = () => TIME
  await app.load(2 * CAPACITY, 10)
  const after = await app.load(2 * CAPACITY, 5)
  t.ok(after.served > 0.9 * CAPACITY * 5, `${after.served} served`)
  t.ok(after.mean < 2.5 * TIME, `mean ${after.mean}`)
})

t.test('Nobody is refused while there is room, though one answer in ten takes ten times as long', async (t) => {
  const chance = new Seeded(7)
  const app = new Application(100, () => (chance.fraction() < 0.9 ? 10 : 100))
  // 19 ms on the average: 5 263 per second.
  for (const share of [0.05, 0.3, 0.5]) {
    await app.load(5263 * share, 1)
    const { asked, refused } = await app.load(5263 * share, 4)
    t.equal(refused, 0, `${refused} of ${asked} at ${share}`)
  }
})

t.test('A cold start under three times too much, with four workers', async (t) => {
  const app = new Application(4, () => 50)
  await app.load(240, 20)
  const { served, mean } = await app.load(240, 20)
  t.ok(served > 0.92 * 80 * 20, `${served} served`)
  t.ok(mean < 3 * 50, `mean ${mean}`)
})

t.test('In shadow mode nobody is refused', async (t) => {
  const app = new Application(SLOTS, () => TIME, {}, 'shadow')
  const { refused } = await app.load(2 * CAPACITY, 2)
  t.equal(refused, 0)
  t.equal(app.state.mode, 'shadow')
})
