/** When calls are refused, and for how long. */
import type { BreakerConfig } from '../../../policies/breaker/policy.ts'
import type { Fact } from '../report.ts'
import { formatPercentage } from '../values.ts'
import type { FactSource } from './source.ts'
import { duration, PER, span } from './words.ts'

export const breaker: FactSource<BreakerConfig> = {
  facts: (config) => [opening(config)],
  puts: ({ scope }, part) => (scope === 'endpoint') === (part === 'picked'),
}

function opening(config: BreakerConfig | undefined): Fact {
  if (config === undefined) return { name: 'breaker', value: null, text: 'none: calls go on however many fail.' }
  const { window, failureRate, slowCall, open, halfOpen } = config
  const calls =
    window.type === 'time' ? `the calls of the last ${duration(window.size)}` : `the last ${window.size} calls`
  // A count window never holds more than its size, so the breaker asks for no more.
  const least = window.type === 'count' ? Math.min(window.minimumCalls, window.size) : window.minimumCalls
  const slow =
    slowCall === undefined
      ? ''
      : `, or ${formatPercentage(slowCall.rate)} took ${duration(slowCall.threshold)} or longer`
  const longest = Math.max(open.base, open.max)
  const doubling = longest > open.base ? `, doubling up to ${span(longest, open.jitter)}` : ''
  const text =
    `opens once ${formatPercentage(failureRate)} of ${calls} failed (from ${least} calls on)${slow}. ` +
    `Refuses with 503 circuit_open for ${span(open.base, open.jitter)}${doubling}, then asks with ${halfOpen.probes} ` +
    `${halfOpen.probes === 1 ? 'probe' : 'probes'}. One for ${PER[config.scope]}.`
  return { name: 'breaker', value: open.base, text }
}
