/** When a second attempt is sent, and what that adds to the load of the upstream. */
import type { HedgeConfig } from '../../../policies/hedge/policy.ts'
import type { Fact } from '../report.ts'
import { formatPercentage } from '../values.ts'
import type { FactSource } from './source.ts'
import { duration } from './words.ts'

export const hedge: FactSource<HedgeConfig> = {
  facts: (config, { service, method }) => (config === undefined ? [] : [hedges(config, service, method)]),
}

function hedges({ after, maxExtra, budget, methods }: HedgeConfig, service: string, method: string): Fact {
  const when =
    after < 1
      ? `no answer has begun after as long as ${formatPercentage(after)} of first attempts took of late (from 100 on)`
      : `no answer has begun after ${duration(after)}`
  const more = maxExtra === 1 ? '1 more attempt' : `up to ${maxExtra} more attempts, one after another,`
  const hedged = methods.includes(method) ? '' : ` A ${method} is not hedged.`
  const text =
    `${more} when ${when}, or at once when an attempt failed; the first good answer wins. At most ` +
    `+${formatPercentage(Math.min(budget, maxExtra))} calls to ${service}: below ${least(budget)} requests in 10s there ` +
    `is none.${hedged}`
  return { name: 'hedge', value: maxExtra + 1, text }
}

function least(budget: number): string {
  return budget === 0 ? 'any number of' : String(Math.ceil(1 / budget - 1e-9))
}
