/** What outlier says of an endpoint, where several statements for its service each have a judgement of their own. */
import type { OutlierSnapshot } from '../../../core/events.ts'

/** By `SERVICE ADDRESS`: the judgement that something comes of, and of several the one that keeps the endpoint out longest. */
export function judgements(outliers: readonly OutlierSnapshot[]): ReadonlyMap<string, OutlierSnapshot> {
  const found = new Map<string, OutlierSnapshot>()
  for (const outlier of outliers) {
    const name = `${outlier.service} ${outlier.address}`
    const other = found.get(name)
    if (other === undefined || comesBefore(outlier, other)) found.set(name, outlier)
  }
  return found
}

/** What is enforced before what only watches, what has ejected before what may again, then by the time that is left. */
function comesBefore(one: OutlierSnapshot, other: OutlierSnapshot): boolean {
  if (one.mode !== other.mode) return one.mode === 'enforce'
  if (one.state !== other.state) return STATES.indexOf(one.state) < STATES.indexOf(other.state)
  return one.ejectedFor > other.ejectedFor
}

const STATES: readonly OutlierSnapshot['state'][] = ['ejected', 'probing', 'ready']
