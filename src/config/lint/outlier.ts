/** W007: nobody can be set aside where there is one endpoint. */
import { type Check, placeOf, type ServiceSizes } from './check.ts'

/** Only where the policy names the service: a policy for all of them may well meet one that has a single endpoint. */
export function outlierAlone(sizes: ServiceSizes): Check {
  return (blocks, { service }) => {
    const outlier = blocks.get('outlier')
    if (outlier === undefined || sizes.get(service) !== 1) return []
    const message = `outlier has nothing to do: Service ${service} has one endpoint, and the last one is never ejected; breaker is for the service as a whole`
    return [{ code: 'W007', place: placeOf(outlier, ''), message }]
  }
}
