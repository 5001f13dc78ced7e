/**
 * Whether V8 is on its way through the whole heap. Node tells of each collection in the turn after it, and of a marking as soon as it
 * has begun, so that the answer is late by a turn of the event loop at most.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { machineTime } from './clock.ts'

/** ms after which a marking whose end nobody told of counts as over. One of a full heap takes some 30 ms. */
const LONGEST = 1000

/** When it was told of, monotonic, ms. */
let begun = Number.NEGATIVE_INFINITY
let watched = false

/** Whether a marking is under way, as far as is known; `false` when it is asked for the first time. */
export function marking(): boolean {
  if (!watched) watch()
  return machineTime() < begun + LONGEST
}

function watch(): void {
  watched = true
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as Collection).detail
      if (kind === constants.NODE_PERFORMANCE_GC_INCREMENTAL) begun = machineTime()
      else if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) begun = Number.NEGATIVE_INFINITY
    }
  })
  observer.observe({ entryTypes: ['gc'] })
}

/** What Node tells of one; the beginning of a marking counts as one. */
type Collection = PerformanceEntry & { readonly detail: { readonly kind: number } }
