/**
 * What V8 is told before it has done anything, for there is no flag in a `bin`.
 *
 * The young generation may grow to 2 MB a half and no further, see docs/decisions/0020-heap.md. What is in flight has to die in
 * it: with 128 requests at once that is a megabyte, and a half of that size would move all of it among the old objects, to be
 * found there much later and at a much higher price. V8 itself would go to 16.
 *
 * A function is compiled with all optimizations after its thousandth call, and not twice, see docs/decisions/0090-compiled-once.md.
 * V8's own measures are those of a page that is left again: a quick compiler after 400 calls, the thorough one after 3000 more.
 *
 * So small a young generation is collected by one thread: to wake another costs more, see docs/decisions/0092-plain-fields.md.
 *
 * V8's own collections of calm do not take place: they throw optimized code away, and src/runtime/memory knows better when memory
 * is worth that, see docs/decisions/0094-code-outlives-a-calm.md.
 *
 * Only flags that V8 reads on the main thread may be set here: Node's own start may be on its way through a compiler thread, and
 * one that finds a flag changed between two looks ends the process.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Bytes of one half. */
const MOST_YOUNG = 2 * 1024 * 1024
/** ms between two looks at whether it was made smaller, as it is when there is little to do. */
const LOOK = 1000

/** Older ones do not know all of these flags, and V8 complains of an unknown one on standard error. */
const KNOWS_ALL = Number.parseInt(process.versions.node, 10) >= 26

setFlagsFromString('--no-parallel-scavenge')
const NEWER = ['--no-maglev', '--invocation-count-for-turbofan=1000', '--memory-reducer-gc-count=0']
if (KNOWS_ALL) for (const flag of NEWER) setFlagsFromString(flag)
letGrow()

/** There is no way to tell V8 a largest size once it runs; but it asks each time by what factor to grow. */
function letGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
  const observer = new PerformanceObserver(() => {
    if (young() < MOST_YOUNG) return
    setFlagsFromString('--semi-space-growth-factor=1')
    observer.disconnect()
    const look = setInterval(() => {
      if (young() >= MOST_YOUNG) return
      clearInterval(look)
      letGrow()
    }, LOOK)
    look.unref()
  })
  observer.observe({ entryTypes: ['gc'] })
}

function young(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
}
