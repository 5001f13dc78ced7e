import t from 'tap'
import { allowedExtras, Budget, type BudgetLimits } from '../../src/core/budget.ts'
import { FakeClock } from '../support/fake-clock.ts'

const USUAL: BudgetLimits = { percent: 0.2, window: 10_000, minPerSecond: 1 }

function drain(budget: Budget, now: number): number {
  let count = 0
  while (count < 1000 && budget.withdraw(now)) count++
  return count
}

t.test('allowedExtras() is the larger of share and floor, not their sum', async (t) => {
  t.equal(allowedExtras(0, USUAL), 10)
  t.equal(allowedExtras(50, USUAL), 10)
  t.equal(allowedExtras(100, USUAL), 20)
  t.equal(allowedExtras(9, { ...USUAL, percent: 0.1, minPerSecond: 0 }), 0)
  t.equal(allowedExtras(10, { ...USUAL, percent: 0.1, minPerSecond: 0 }), 1)
  t.equal(allowedExtras(100, { ...USUAL, percent: 0.29, minPerSecond: 0 }), 29, 'rounding costs nobody a retry')
  t.equal(allowedExtras(0, { percent: 0, window: 1000, minPerSecond: 0 }), 0)
})

t.test('Budget allows its floor in one window, and again in the next', async (t) => {
  const budget = new Budget('retry', 'inventory', USUAL, new FakeClock())
  t.equal(drain(budget, 0), 10)
  t.equal(drain(budget, 9400), 0)
  t.equal(drain(budget, 10_000), 10)
})

t.test('Budget allows a share of the first attempts in the window', async (t) => {
  const budget = new Budget('retry', 'inventory', { ...USUAL, minPerSecond: 0 }, new FakeClock())
  for (let i = 0; i < 50; i++) budget.deposit(i * 100)
  t.equal(drain(budget, 5000), 10)
  for (let i = 0; i < 25; i++) budget.deposit(10_000 + i * 100)
  // The first 25 have left the window; the ten retries of 5 s have not.
  t.equal(drain(budget, 12_500), 0)
  t.equal(drain(budget, 15_000), 5)
})

t.test('Budget forgets everything after a pause longer than its window', async (t) => {
  const budget = new Budget('retry', 'inventory', { ...USUAL, minPerSecond: 0 }, new FakeClock())
  for (let i = 0; i < 1000; i++) budget.deposit(0)
  t.equal(drain(budget, 1_000_000), 0)
})

t.test('Budget takes a time that lies behind for the newest', async (t) => {
  const budget = new Budget('retry', 'inventory', { ...USUAL, minPerSecond: 0 }, new FakeClock())
  for (let i = 0; i < 5; i++) budget.deposit(20_000)
  for (let i = 0; i < 5; i++) budget.deposit(100)
  t.equal(drain(budget, 20_000), 2)
})

t.test('Budget never allows more than its limits in any window', async (t) => {
  const budget = new Budget('retry', 'inventory', { percent: 0.1, window: 2000, minPerSecond: 2 }, new FakeClock())
  const firsts: number[] = []
  const retries: number[] = []
  for (let now = 0; now < 30_000; now += 7) {
    if (now % 3 === 0) {
      budget.deposit(now)
      firsts.push(now)
    }
    if (budget.withdraw(now)) retries.push(now)
    const recent = (times: number[]) => times.filter((at) => at > now - 1900 && at <= now).length
    const bound = Math.max(4, Math.floor(0.1 * firsts.filter((at) => at > now - 2000).length))
    if (recent(retries) > bound) t.fail(`${recent(retries)} retries at ${now}, ${bound} allowed`)
  }
  t.ok(retries.length > 50)
})

t.test('Budget shows what remains', async (t) => {
  const clock = new FakeClock()
  const budget = new Budget('retry', 'inventory', USUAL, clock)
  budget.withdraw(0)
  t.strictSame(budget.snapshot(), { kind: 'budget', of: 'retry', service: 'inventory', remaining: 9, percent: 0.2 })
  clock.advance(11_000)
  t.equal(budget.snapshot().remaining, 10)
})
