/** The timeout has no fact of its own: what it comes to is the worst case, which `latency.ts` works out. */
import type { TimeoutConfig } from '../../../policies/timeout/policy.ts'
import type { FactSource } from './source.ts'

export const timeout: FactSource<TimeoutConfig> = {
  facts: () => [],
  puts: ({ request, perTry }, part) => (part === 'request' ? request : perTry) !== undefined,
  step: (part) => (part === 'request' ? 'timeout.request' : 'timeout.perTry'),
}
