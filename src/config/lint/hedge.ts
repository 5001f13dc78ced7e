/** W019: no other endpoint to ask. */
import { type Check, placeOf, type ServiceSizes } from './check.ts'

/** Only where the policy names the service, as for `outlier`. */
export function hedgeAlone(sizes: ServiceSizes): Check {
  return (blocks, { service }) => {
    const hedge = blocks.get('hedge')
    if (hedge === undefined || sizes.get(service) !== 1) return []
    const message = `hedge asks another endpoint, and Service ${service} has one: a second request would only add to its load; list more endpoints, or leave hedge out`
    return [{ code: 'W019', place: placeOf(hedge, ''), message }]
  }
}
