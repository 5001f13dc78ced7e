/** A wait that can be cut short. */
import type { Clock } from '../../core/clock.ts'

/** Resolves after `ms`, or when `signal` says that nobody waits any more. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) return Promise.resolve()
  const over = (): void => {
    clock.cancel(timer)
    signal.removeEventListener('abort', over)
    resolve()
  }
  const timer = clock.schedule(ms, { expired: over })
  signal.addEventListener('abort', over, { once: true })
  return promise
}
