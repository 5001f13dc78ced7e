/** How the end goes in the place where the sidecar runs: by itself, beside its application as an equal, or as a native sidecar. */
import type { DrainTimes } from './drain.ts'

export interface Lifecycle {
  /**
   * `native`: an init container of a pod that is restarted always; it is ended after the application. `legacy`: a container
   * like the application, which gets its signal at the same time. `alone`: nobody said.
   */
  readonly layout: 'alone' | 'native' | 'legacy'
  /** ms from SIGTERM to SIGKILL; Infinity where nobody said. */
  readonly grace: number
}

export const ALONE: Lifecycle = { layout: 'alone', grace: Number.POSITIVE_INFINITY }

/** ms before SIGKILL in which what was measured is written out. */
const RESERVE = 3000
const SHORTEST = 1000
/** ms: an application that is being ended may still ask others, now and then. */
const QUIET = 1000

/**
 * A native sidecar has nothing to wait for: endpoints have been told long ago, since the application has ended, or it is about to
 * start again and every second counts. A legacy one lives as long as its application may.
 */
export function drainTimes({ wait, timeout }: Omit<DrainTimes, 'quiet'>, { layout, grace }: Lifecycle): DrainTimes {
  const longest = Math.max(SHORTEST, grace - RESERVE)
  if (layout === 'legacy' && grace !== Number.POSITIVE_INFINITY) return { wait, timeout: longest, quiet: QUIET }
  return {
    wait: layout === 'native' ? 0 : wait,
    timeout: Math.min(timeout, longest),
    quiet: layout === 'legacy' ? QUIET : 0,
  }
}
