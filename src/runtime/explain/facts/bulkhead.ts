/** How many requests are under way at once, and how long one waits for a slot. */
import type { BulkheadConfig } from '../../../policies/bulkhead/policy.ts'
import type { Fact } from '../report.ts'
import type { FactSource } from './source.ts'
import { duration, PER } from './words.ts'

export const bulkhead: FactSource<BulkheadConfig> = {
  facts: (config, { stream }) => [stream === true && config?.maxStreams ? places(config) : slots(config)],
  puts: ({ per }, part) => (per === 'endpoint') === (part === 'picked'),
  wait: (config, { stream }) => {
    if (queueOf(config) === 0 || (stream === true && config.maxStreams)) return undefined
    return { ms: config.maxQueueWait, text: `queue ${duration(config.maxQueueWait)}`, outside: false }
  },
}

function slots(config: BulkheadConfig | undefined): Fact {
  if (config === undefined) return { name: 'bulkhead', value: null, text: 'none: any number of requests at once.' }
  const { maxConcurrent, maxQueueWait, per } = config
  const queue = queueOf(config)
  const waits = queue === 0 ? 'nobody waits' : `${queue} more wait, ${duration(maxQueueWait)} at most`
  const text =
    `${maxConcurrent} requests at once for ${PER[per]}, ${waits}; number ${maxConcurrent + queue + 1} gets 503 ` +
    'bulkhead_full at once.'
  return { name: 'bulkhead', value: maxConcurrent, text }
}

/** Streams have places of their own, for which nobody waits. */
function places({ maxStreams = 0, per }: BulkheadConfig): Fact {
  const text =
    `${maxStreams} streams at once for ${PER[per]}, nobody waits; number ${maxStreams + 1} gets 503 bulkhead_full at ` +
    'once. Other requests have slots of their own.'
  return { name: 'bulkhead', value: maxStreams, text }
}

/** An endpoint without a free slot is not picked; nobody waits for it. */
function queueOf({ per, maxQueue }: BulkheadConfig): number {
  return per === 'endpoint' ? 0 : maxQueue
}
