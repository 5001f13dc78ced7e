/** What the client gets instead of a failure. */
import type { FallbackConfig } from '../../../policies/fallback/policy.ts'
import type { Fact } from '../report.ts'
import type { FactSource } from './source.ts'

export const fallback: FactSource<FallbackConfig> = {
  facts: (config) => (config === undefined ? [] : [served(config)]),
}

function served(entries: FallbackConfig): Fact {
  const text = entries.map(({ when, status }) => `on ${when.join(', ')} the client gets a ${status} of ours`).join('; ')
  return { name: 'fallback', value: entries.length, text: `${text}.` }
}
