/** W003: a time window that forgets a slow failure before the next one is seen. */
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

function isTime(window: unknown): boolean {
  return (window as { type?: unknown }).type === 'time'
}
