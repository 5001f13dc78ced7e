/**
 * The size of V8's young generation, by what is in flight. That has to die in it: where a collection finds much of it alive, much is moved among
 * the old objects, to be found dead there later and at a higher price; see docs/decisions/0097-a-young-generation-by-what-is-in-flight.md.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { machineTime } from './clock.ts'

/** Bytes of one of its halves: at first, and at most. V8 itself would go to the second for any load, and twice that. */
const FIRST = 2 * 1024 * 1024
const MOST = 8 * 1024 * 1024
/** What a collection leaves of a half is much from this part on. */
const CROWDED = 1 / 5
/** Collections in a row of which each has to leave much: now and then Node tells late of one, and what came since is taken for what was left. */
const ROW = 3
/** ms for which it does not grow after much was thrown away: that is no load. */
const HELD = 5000
/** Some bytes at the end of each page are neither used nor free. */
const ROUGHLY = 0.9

let allowed = FIRST
let growing = false
let crowded = 0
let heldUntil = Number.NEGATIVE_INFINITY
let observer: PerformanceObserver | undefined

/**
 * Looks at what the next collection leaves. To be called early, and then once a second. There is no way to tell V8 a largest size once it runs; but
 * it asks each time by what factor to grow.
 */
export function lookAtYoungGeneration(): void {
  if (observer === undefined) {
    observer = new PerformanceObserver(collected)
    mayGrow(true)
  }
  observer.observe({ entryTypes: ['gc'] })
}

/** Whoever threw away what it had begun filled it: it stays as it is for some seconds. */
export function keepYoungGeneration(): void {
  heldUntil = machineTime() + HELD
  if (!growing || allowed === FIRST) return
  allowed /= 2
  mayGrow(false)
}

/** There was a collection, in this turn of the event loop. */
function collected(): void {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  if (young === undefined) return
  const left = young.space_used_size
  const half = left + young.space_available_size
  const reached = half >= allowed * ROUGHLY
  crowded = reached && left > allowed * CROWDED && allowed < MOST && machineTime() > heldUntil ? crowded + 1 : 0
  // V8 makes it smaller when there is little to do.
  if (!reached && !growing) allowed = FIRST
  else if (crowded === ROW) {
    allowed *= 2
    crowded = 0
  }
  mayGrow(half < allowed * ROUGHLY)
  if (!growing && crowded === 0) observer?.disconnect()
}

function mayGrow(may: boolean): void {
  growing = may
  setFlagsFromString(`--semi-space-growth-factor=${may ? 2 : 1}`)
}
