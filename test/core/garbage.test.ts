import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import t from 'tap'
import { collectHard, collectSoon, collectYoung } from '../../src/core/garbage.ts'
import { marking } from '../../src/core/marking.ts'

/** Of V8's answer to `%GetOptimizationStatus`. */
const OPTIMIZED = 1 << 3

/** A function that was optimized for objects of which none is left, and what tells whether it still is. */
function optimized(): { status(): number } {
  setFlagsFromString('--allow-natives-syntax')
  try {
    return runInThisContext(`(() => {
      class Point { constructor(x) { this.x = x; this.y = 1; } }
      const keep = [0];
      const sum = (x) => { const point = new Point(x); keep[0] = point; return point.x + point.y; };
      const status = () => %GetOptimizationStatus(sum);
      %PrepareFunctionForOptimization(sum);
      for (let i = 0; i < 100; i++) sum(i);
      %OptimizeFunctionOnNextCall(sum);
      sum(1);
      keep[0] = 0;
      // Compiled while V8 still understands it.
      status();
      return { Point, status };
    })()`) as { status(): number }
  } finally {
    setFlagsFromString('--no-allow-natives-syntax')
  }
}

/** Whether `collect` takes garbage out of the young generation. */
function frees(collect: () => void): boolean {
  for (let i = 0; i < 100; i++) new Array(100).fill(i)
  const before = young()
  collect()
  return young() < before
}

/** Bytes in use. */
function young(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_used_size ?? 0
}

/** Resolves once an object that nobody holds has been found. */
function found(): Promise<void> {
  return new Promise((resolve) => {
    const registry = new FinalizationRegistry<string>(() => {
      clearInterval(waiting)
      resolve()
    })
    registry.register({}, '')
    // Also keeps the registry, and the process while nothing else does.
    const waiting = setInterval(() => registry, 10)
  })
}

// What loading this file has begun to mark would be among it.
t.before(collectHard)

t.test(
  'collectSoon(): garbage is found, and code stays optimized for objects of which there is none now',
  async (t) => {
    const { status } = optimized()
    t.ok(status() & OPTIMIZED)
    const gone = found()
    await new Promise((resolve) => setImmediate(resolve))
    collectSoon()
    await gone
    t.ok(status() & OPTIMIZED)
  },
)

t.test('collectYoung(): not while V8 marks, which it would end at once, unless it is urgent', async (t) => {
  let grown: number[] = []
  // V8 may be through with it before anybody is told, or be ended by what `collectSoon` itself allocates: then once more.
  for (let tries = 0; !marking() && tries < 100; tries++) {
    collectHard()
    grown = new Array(1_000_000).fill(tries)
    collectSoon()
    for (let turns = 0; !marking() && turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
  }
  t.ok(marking())
  t.equal(grown.length, 1_000_000)
  t.notOk(frees(() => collectYoung(false)))
  t.ok(frees(() => collectYoung(true)))
  while (marking()) await new Promise((resolve) => setTimeout(resolve, 1))
  t.ok(frees(() => collectYoung(false)))
})

t.test('collectHard(): takes such code as well, at once', async (t) => {
  const { status } = optimized()
  await new Promise((resolve) => setImmediate(resolve))
  collectHard()
  t.notOk(status() & OPTIMIZED)
})
