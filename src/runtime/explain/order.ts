/** The way through the policies, from the outside in, as `src/policies/index.ts` has it. */
import { ATTEMPT_ORDER, PICKED_ORDER, type Place, REQUEST_ORDER } from '../../policies/index.ts'
import type { AtWork } from './facts.ts'
import type { Explained } from './report.ts'

type Step = Explained['order'][number]

export function orderOf(blocks: AtWork): readonly Step[] {
  const step = (place: Place): Step => ({ step: nameOf(place), atWork: isAtWork(place, blocks), why: place.why })
  return [
    ...REQUEST_ORDER.map(step),
    ...ATTEMPT_ORDER.map(step),
    { step: 'pick an endpoint', atWork: true, why: 'an attempt exists once an endpoint is picked' },
    ...PICKED_ORDER.map(step),
    { step: 'connection', atWork: true, why: 'a pooled one of that endpoint, or a new one' },
  ]
}

function nameOf({ policy, part }: Place): string {
  if (policy === 'timeout') return part === 'request' ? 'timeout.request' : 'timeout.perTry'
  return part === 'picked' ? `${policy} of the endpoint` : policy
}

function isAtWork({ policy, part }: Place, blocks: AtWork): boolean {
  switch (policy) {
    case 'timeout':
      return (part === 'request' ? blocks.timeout?.request : blocks.timeout?.perTry) !== undefined
    case 'retry':
      return (blocks.retry?.max ?? 0) > 0
    case 'bulkhead':
      return blocks.bulkhead !== undefined && (blocks.bulkhead.per === 'endpoint') === (part === 'picked')
    case 'breaker':
      return blocks.breaker !== undefined && (blocks.breaker.scope === 'endpoint') === (part === 'picked')
    case 'fallback':
      return blocks.fallback !== undefined
  }
}
