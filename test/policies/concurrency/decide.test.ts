import t from 'tap'
import { Gradient, gradient, isOver, judge, type Seen, towards } from '../../../src/policies/concurrency/decide.ts'

function seen(took: number | undefined, peak: number, load = peak, drops = 0): Seen {
  return { took, peak, load, answers: took === undefined ? 0 : 50, drops }
}

t.test('gradient(): from 1 down to a half, by how much longer answers take than of themselves', async (t) => {
  for (const [own, took, want] of [
    [20, 20, 1],
    [20, 10, 1],
    [20, 32, 1],
    [20, 40, 0.8],
    [20, 64, 0.5],
    [20, 2000, 0.5],
    [0.5, 2.5, 1],
  ] as const) {
    t.equal(gradient(own, took), want, `${own} ${took}`)
  }
})

t.test('towards(): half of the way, and room for a short queue', async (t) => {
  t.equal(towards(100, 1), 105)
  t.equal(towards(100, 0.9), 100)
  t.equal(towards(100, 0.5), 80)
})

t.test('judge(): what fewer in flight did to the time of answers', async (t) => {
  for (const [loadBefore, tookBefore, load, took, want] of [
    [40, 40, 30, 30, 'queue'],
    [40, 40, 30, 34, 'queue'],
    [40, 40, 30, 36, 'own'],
    [40, 40, 30, 40, 'own'],
    [40, 40, 30, 45, 'own'],
    [40, 40, 30, 60, 'disturbed'],
  ] as const) {
    t.equal(judge({ load: loadBefore, took: tookBefore }, { load, took }), want, `${load} ${took}`)
  }
})

t.test('isOver(): a window holds enough answers, and the slow ones too; the first is short', async (t) => {
  for (const [age, ends, took, want] of [
    [1, 4, 0, false],
    [1, 5, 0, true],
    [199, 1000, 10, false],
    [200, 19, 10, false],
    [200, 20, 10, true],
    [1999, 50, 1000, false],
    [2000, 50, 1000, true],
  ] as const) {
    t.equal(isOver(age, ends, took), want, `${age} ${ends} ${took}`)
  }
})

t.test('A limit that is not used does not move, and the time of answers is followed both ways', async (t) => {
  const it = new Gradient(4, 1000)
  for (let i = 0; i < 100; i++) it.learn(seen(50, 9))
  t.equal(it.limit, 20)
  for (let i = 0; i < 200; i++) it.learn(seen(100, 9))
  t.ok((it.own as number) > 99)
  for (let i = 0; i < 50; i++) it.learn(seen(50, 9))
  t.ok((it.own as number) < 51)
  t.equal(it.limit, 20)
})

t.test('It doubles while answers do not get slower, up to max', async (t) => {
  const it = new Gradient(4, 100)
  const limits = [it.limit]
  for (let i = 0; i < 4; i++) {
    it.learn(seen(50, it.limit))
    limits.push(it.limit)
  }
  t.same(limits, [20, 40, 80, 100, 100])
})

t.test('Under a queue that stays it does not take the queue for the own time, however long', async (t) => {
  const it = new Gradient(4, 1000)
  it.learn(seen(20, 5))
  // Sixteen at once, each 20 ms.
  for (let i = 0; i < 2000; i++) it.learn(seen(Math.max(20, (Math.floor(it.limit) * 20) / 16), Math.floor(it.limit)))
  t.ok((it.own as number) < 30, `${it.own}`)
  t.ok(it.limit >= 12 && it.limit < 40, `${it.limit}`)
})

t.test('A step down that does not help shows whose the time is, and is taken back', async (t) => {
  const it = new Gradient(4, 1000)
  it.learn(seen(20, 5))
  for (let i = 0; i < 4; i++) it.learn(seen(20, Math.floor(it.limit)))
  const before = it.limit
  let least = before
  for (let i = 0; i < 20; i++) {
    it.learn(seen(100, Math.floor(it.limit)))
    least = Math.min(least, it.limit)
  }
  t.equal(it.own, 100)
  t.ok(least > before / 2)
  t.ok(it.limit >= before)
})

t.test('A limit of which half was used counts as used; of less it says nothing', async (t) => {
  for (const [peak, want] of [
    [9, 20],
    [10, 40],
  ] as const) {
    const it = new Gradient(4, 1000)
    it.learn(seen(50, peak))
    t.equal(it.limit, want, `${peak}`)
  }
})

t.test('While the limit is used, the own time falls by a fifth of the way, and does not rise', async (t) => {
  const it = new Gradient(4, 1000)
  it.learn(seen(50, 5))
  it.learn(seen(25, 20))
  t.equal(it.own, 45)
  it.learn(seen(60, 40))
  t.equal(it.own, 45)
})

t.test('Fewer in flight by themselves are no step down: answers that come sooner do not start one', async (t) => {
  const it = new Gradient(4, 1000)
  it.learn(seen(20, 5))
  it.learn(seen(100, 20))
  const { limit } = it
  it.learn(seen(50, 10))
  t.equal(it.descending, false)
  t.equal(it.limit, towards(limit, gradient(20, 50)))
})

t.test(
  'Fewer in flight by themselves whose answers take as long take nothing from a limit that has grown',
  async (t) => {
    const it = new Gradient(4, 1000)
    it.learn(seen(20, 20))
    t.equal(it.limit, 40)
    it.learn(seen(20, 20, 15))
    t.equal(it.limit, 40)
  },
)

t.test('The third window in a row that waits at the limit begins the first way down', async (t) => {
  const it = new Gradient(4, 1000)
  it.learn(seen(20, 5))
  const seenDescending = [1, 2, 3].map(() => {
    it.learn(seen(100, Math.floor(it.limit), 20))
    return it.descending
  })
  t.same(seenDescending, [false, false, true])
})

t.test('Requests that run into their time limit take a tenth off, whatever the answers say', async (t) => {
  const it = new Gradient(4, 1000)
  it.learn(seen(20, 5, 5, 5))
  t.equal(it.limit, 20)
  it.learn(seen(20, 5, 5, 6))
  t.equal(it.limit, 18)
  it.learn({ ...seen(20, 5, 5, 5), answers: 45 })
  t.equal(it.limit, 18 * 0.9, 'a tenth of them is enough')
  for (let i = 0; i < 50; i++) it.learn(seen(undefined, 20, 0, 20))
  t.equal(it.limit, 4)
})

t.test('min and max hold, and a max below min is min', async (t) => {
  t.equal(new Gradient(50, 1000).limit, 50)
  t.equal(new Gradient(1, 5).limit, 5)
  t.equal(new Gradient(8, 2).max, 8)
  const it = new Gradient(4, 1000)
  it.learn(seen(1, 5))
  for (let i = 0; i < 300; i++) it.learn(seen(1000 * Math.floor(it.limit), Math.floor(it.limit)))
  t.equal(Math.floor(it.limit), 4)
})
