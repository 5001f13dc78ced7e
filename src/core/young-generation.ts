/**
 * The size of V8's young generation, by what is in flight. That has to die in it: where a collection finds much of it alive, much is moved among
 * the old objects, to be found dead there later and at a higher price; see docs/decisions/0097-a-young-generation-by-what-is-in-flight.md.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Bytes of one of its halves: where little is asked, under load, and at most. V8 itself would go to 16 MB for any load. */
const CALM = 1024 * 1024
const LOADED = 2 * 1024 * 1024
const MOST = 8 * 1024 * 1024
/** What a collection leaves of a half is much from this part on. */
const CROWDED = 1 / 5
/** Collections in a row of which each has to leave much: now and then Node tells late of one, and what came since is taken for what was left. */
const ROW = 3
/** Answers from one look to the next, from which on that is load, and much of it: what floods throw away, or leave waiting, is none. */
const LOAD = 100
const MUCH = 1000
/** Some bytes at the end of each page are neither used nor free. */
const ROUGHLY = 0.9

/** Bytes of a half. A start, up to the first look, is load. */
let allowed = LOADED
/** It has not come to that yet. */
let growing = false
/** Since the last look. */
let answers = 0
/** At the last look. */
let loaded = false
let much = false
/** Collections in a row so far. */
let crowded = 0
let observer: PerformanceObserver | undefined

/** A request was answered whole. */
export function answered(): void {
  answers++
}

/**
 * Looks at what the next collection leaves. To be called early, and then once a second. There is no way to tell V8 a largest size once it runs; but
 * it asks each time by what factor to grow.
 */
export function lookAtYoungGeneration(): void {
  loaded = answers >= LOAD
  much = answers >= MUCH
  answers = 0
  if (observer === undefined) {
    observer = new PerformanceObserver(collected)
    mayGrow(true)
  } else if (loaded && allowed < LOADED) {
    allowed = LOADED
    mayGrow(true)
  } else if (growing && allowed > (much ? MOST : loaded ? LOADED : CALM)) {
    // What load was allowed and did not take is not for whatever comes after it.
    allowed /= 2
    mayGrow(false)
  }
  observer.observe({ entryTypes: ['gc'] })
}

/** There was a collection, in this turn of the event loop. */
function collected(): void {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  if (young === undefined) return
  const left = young.space_used_size
  const half = left + young.space_available_size
  const reached = half >= allowed * ROUGHLY
  crowded = reached && left > allowed * CROWDED && allowed < MOST && much ? crowded + 1 : 0
  // V8 makes it smaller when there is little to do.
  if (!reached && !growing) allowed = loaded ? LOADED : CALM
  else if (crowded === ROW) {
    allowed *= 2
    crowded = 0
  }
  mayGrow(half < allowed * ROUGHLY)
  if (!growing && crowded === 0) observer?.disconnect()
}

function mayGrow(may: boolean): void {
  if (may === growing) return
  growing = may
  setFlagsFromString(`--semi-space-growth-factor=${may ? 2 : 1}`)
}
