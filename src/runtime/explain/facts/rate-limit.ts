/** How much passes, and who shares it. */
import { formatRate } from '../../../config/values/units.ts'
import { grantOf } from '../../../policies/rate-limit/decide.ts'
import { MOST_KEYS } from '../../../policies/rate-limit/limiter.ts'
import { type RateLimitConfig, replicasOf } from '../../../policies/rate-limit/policy.ts'
import type { Fact } from '../report.ts'
import type { FactSource } from './source.ts'

export const rateLimit: FactSource<RateLimitConfig> = {
  facts: (config, { direction }) => (config === undefined ? [] : [granted(config, direction)]),
  puts: (_config, part, { direction }) => (part === 'request') === (direction === 'inbound'),
  step: () => 'rateLimit',
}

function granted(config: RateLimitConfig, direction: 'inbound' | 'outbound'): Fact {
  const { rate, burst } = grantOf(config.rate, config.burst, replicasOf(config))
  const what = direction === 'inbound' ? 'requests' : 'attempts'
  const { key } = config
  const whose =
    key.length === 0
      ? `all ${what} together`
      : `each ${key.join(' + ')}; past ${MOST_KEYS} keys at once new ones share one bucket`
  const share = config.scope === 'fleet' ? `a share of 1/${replicasOf(config)} of the fleet's rate: ` : ''
  const text = `${share}${formatRate(rate)}, ${burst} at once after a rest, for ${whose}. Then 429 rate_limited.`
  return { name: 'rateLimit', value: rate, text }
}
