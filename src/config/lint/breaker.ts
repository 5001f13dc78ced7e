/** W003: a time window that forgets a slow failure before the next one is seen. W018: a count window that is never full enough. */
import { formatDuration } from '../values/units.ts'
import { type Blocks, number, placeOf, type Warning } from './check.ts'

export function windowTooShort(blocks: Blocks): Warning[] {
  const breaker = blocks.get('breaker')
  const perTry = number(blocks, 'timeout', 'perTry')
  const size = number(blocks, 'breaker', 'window.size')
  if (breaker === undefined || perTry === undefined || size === undefined || !isTime(breaker.config.window)) return []
  if (size >= 2 * perTry) return []
  const least = formatDuration(2 * perTry)
  const message = `breaker.window.size should be at least twice timeout.perTry, ${least}, found ${formatDuration(size)}: timeouts fall out of it before they count`
  return [{ code: 'W003', place: placeOf(breaker, 'window.size'), message }]
}

/** It would never be judged; so the breaker takes the size for it, which is not what stands there. */
export function moreCallsThanWindow(blocks: Blocks): Warning[] {
  const breaker = blocks.get('breaker')
  const size = number(blocks, 'breaker', 'window.size')
  const least = number(blocks, 'breaker', 'window.minimumCalls')
  if (breaker === undefined || size === undefined || least === undefined || isTime(breaker.config.window)) return []
  if (least <= size) return []
  const stated = breaker.places.has('window.minimumCalls')
  const found = stated ? `found ${least}` : `found the default, ${least}`
  const message = `breaker.window.minimumCalls should be at most window.size (${size}), ${found}: it is taken as ${size}; raise size, or write minimumCalls`
  return [{ code: 'W018', place: placeOf(breaker, stated ? 'window.minimumCalls' : 'window.size'), message }]
}

function isTime(window: unknown): boolean {
  return (window as { type?: unknown }).type === 'time'
}
