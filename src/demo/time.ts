/**
 * The one place where the demo and the scenarios read a clock or arm a timer. They measure the sidecar from outside, so
 * they use Node's own clock and not `core/clock.ts`: a generator that shared the proxy's timer wheel could not catch it
 * being late.
 */
import { performance } from 'node:perf_hooks'
import { clearTimeout, setTimeout } from 'node:timers'

/** A timer that can be called off. */
export interface Timer {
  cancel(): void
}

/** Milliseconds on a clock that never goes back, to the microsecond. Only differences mean something. */
export function nowMs(): number {
  return performance.now()
}

/** Calls `fn` once after `ms` milliseconds, never early by more than Node's own rounding. */
export function after(ms: number, fn: () => void): Timer {
  const timer = setTimeout(fn, ms)
  return { cancel: () => clearTimeout(timer) }
}

/** Resolves after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

/** Resolves true once `done()` holds, or false when it still does not after `limitMs`. Looks every `everyMs`. */
export async function until(done: () => boolean, limitMs: number, everyMs = 10): Promise<boolean> {
  const end = nowMs() + limitMs
  while (nowMs() < end) {
    if (done()) return true
    await sleep(everyMs)
  }
  return done()
}
