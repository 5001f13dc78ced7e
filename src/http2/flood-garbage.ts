/**
 * What floods leave behind is collected before V8 would do it. A flood lives for a few turns, which is longer than the young
 * generation keeps anything; what is dead among the old objects V8 looks for once they have become four times as many, which
 * would be fifty megabytes. Nothing of this is asked where nobody floods.
 */
import { getHeapStatistics } from 'node:v8'
import { collectSoon } from '../core/garbage.ts'
import { marking } from '../core/marking.ts'

/** Bytes above the least that was seen since the last collection, from which on the next one is worth its price. */
const SURPLUS = 3 * 1024 * 1024
/** ms between two. One takes some 10 ms of the event loop, in pieces. */
const GAP = 100

let least = Number.POSITIVE_INFINITY
let at = Number.NEGATIVE_INFINITY

/** A connection has ended, and with it much of what it had begun. `now`: monotonic, ms. */
export function leftBehind(now: number): void {
  const { used_heap_size, external_memory } = getHeapStatistics()
  const used = used_heap_size + external_memory
  least = Math.min(least, used)
  // A marking that is under way misses what became garbage since it began: the next connection that ends looks again.
  if (used < least + SURPLUS || now < at + GAP || marking()) return
  at = now
  // What stays afterwards is seen by the next looks.
  least = used
  collectSoon()
}
