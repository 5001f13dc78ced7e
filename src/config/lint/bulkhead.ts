/** W004: a place in the queue that outlasts the request. */
import { formatDuration } from '../values/units.ts'
import { type Blocks, number, placeOf, type Warning } from './check.ts'

/** Only where the wait is stated: the default gives way to the deadline, as everybody expects of it. */
export function queueOutlastsRequest(blocks: Blocks): Warning[] {
  const bulkhead = blocks.get('bulkhead')
  const request = number(blocks, 'timeout', 'request')
  const wait = number(blocks, 'bulkhead', 'maxQueueWait')
  if (bulkhead === undefined || request === undefined || wait === undefined || wait < request) return []
  if (!bulkhead.places.has('maxQueueWait')) return []
  const message = `bulkhead.maxQueueWait should be shorter than timeout.request (${formatDuration(request)}), found ${formatDuration(wait)}: who waits that long is too late`
  return [{ code: 'W004', place: placeOf(bulkhead, 'maxQueueWait'), message }]
}
