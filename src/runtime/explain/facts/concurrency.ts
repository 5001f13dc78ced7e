/** How many requests the application is given at once. */
import type { ConcurrencyConfig } from '../../../policies/concurrency/policy.ts'
import type { Fact } from '../report.ts'
import type { FactSource } from './source.ts'

export const concurrency: FactSource<ConcurrencyConfig> = {
  facts: (config) => (config === undefined ? [] : [limit(config)]),
}

function limit({ min, max }: ConcurrencyConfig): Fact {
  const text =
    `as many requests at once as the application carries without making them wait: found out from how long answers take, ` +
    `${min} at least, ${Math.max(min, max)} at most. Others get 503 concurrency_limit at once; nobody waits. Streams are not counted.`
  return { name: 'concurrency', value: max, text }
}
