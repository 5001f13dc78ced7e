import t from 'tap'
import { Engine } from '../../src/simulate/engine.ts'

const never = (): boolean => false

t.test('Engine tells events in order of time, and those of one moment in the order they were announced', async (t) => {
  const engine = new Engine(0)
  const told: string[] = []
  for (const [at, name] of [
    [5, 'c'],
    [1, 'a'],
    [5, 'd'],
    [2.5, 'b'],
  ] as const) {
    engine.at(at, () => void told.push(`${name}${engine.now()}`))
  }
  await engine.run(never)
  t.same(told, ['a1', 'b2.5', 'c5', 'd5'])
})

t.test('Engine tells a thousand events in order, whatever order they came in', async (t) => {
  const engine = new Engine(0)
  const told: number[] = []
  for (let i = 0; i < 1000; i++) engine.at((i * 7919) % 1000, () => void told.push(engine.now()))
  await engine.run(never)
  t.same(
    told,
    Array.from({ length: 1000 }, (_, i) => i),
  )
})

t.test('An event that is called off does not happen', async (t) => {
  const engine = new Engine(0)
  engine.after(5, () => t.fail()).what = undefined
  await engine.run(never)
  t.equal(engine.now(), 5)
})

t.test('All microtasks of an event are done before the next, also those that microtasks ask for', async (t) => {
  const engine = new Engine(0)
  const told: string[] = []
  engine.at(1, () => {
    queueMicrotask(() => {
      told.push('first')
      queueMicrotask(() => queueMicrotask(() => told.push('third')))
    })
  })
  engine.at(1, () => void told.push('next event'))
  await engine.run(never)
  t.same(told, ['first', 'third', 'next event'])
})

t.test('A timer is never early and at most a tick late, also far away and among events', async (t) => {
  const engine = new Engine(1_000_000)
  const late: number[] = []
  for (const delay of [0, 1, 8, 9, 100, 4095, 5000, 100_000]) {
    engine.at(3.3, () => {
      const due = engine.now() + delay
      engine.schedule(delay, { expired: () => void late.push(engine.now() - due) })
    })
  }
  for (let at = 0; at < 200; at += 3) engine.at(at, () => {})
  await engine.run(never)
  t.equal(late.length, 8)
  t.ok(
    late.every((by) => by >= 0 && by <= 8 + 1e-9),
    late.join(' '),
  )
  t.ok(engine.wallTime() >= 1_100_003)
})

t.test('A timer that was cancelled is not told, and one that a timer arms is', async (t) => {
  const engine = new Engine(0)
  const told: string[] = []
  const gone = engine.schedule(50, { expired: () => void told.push('gone') })
  engine.schedule(20, {
    expired: () => {
      engine.cancel(gone)
      engine.schedule(100, { expired: () => void told.push('armed') })
    },
  })
  await engine.run(never)
  t.same(told, ['armed'])
})

t.test('run() ends when it is over, and rejects with what an event throws', async (t) => {
  const engine = new Engine(0)
  engine.at(1, () => {})
  engine.at(2, () => t.fail())
  await engine.run(() => engine.now() >= 1)
  const another = new Engine(0)
  another.at(1, () => {
    throw new Error('a defect')
  })
  await t.rejects(another.run(never), { message: 'a defect' })
})
