/** How often a request is sent, and what that adds to the load of the upstream. */
import type { HedgeConfig } from '../../../policies/hedge/policy.ts'
import type { RetryConfig } from '../../../policies/retry/policy.ts'
import type { Fact } from '../report.ts'
import { formatPercentage } from '../values.ts'
import { type FactSource, hedgeFor, type Subject } from './source.ts'
import { duration } from './words.ts'

const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']

export const retry: FactSource<RetryConfig> = {
  facts: (config, subject) => {
    const { service } = subject
    const hedge = hedgeFor(subject)
    if (hedge !== undefined && (config?.max ?? 0) === 0) return hedged(hedge, service)
    return [attempts(config, subject), load(config, service)]
  },
  puts: ({ max }) => max > 0,
}

/** Where a hedge has the place of retries, the attempts are its own. */
function hedged({ maxExtra, budget }: HedgeConfig, service: string): Fact[] {
  const most = Math.min(budget, maxExtra)
  return [
    {
      name: 'attempts',
      value: maxExtra + 1,
      text: `at most ${maxExtra + 1}: the first and ${maxExtra} more beside it, by hedge; no retries.`,
    },
    { name: 'load', value: most, text: `at most +${formatPercentage(most)} calls to ${service}, by hedge.` },
  ]
}

function attempts(retry: RetryConfig | undefined, subject: Subject): Fact {
  if (retry === undefined) {
    const text = '1: retry is taken away, and with it the second try on a fresh connection when a pooled one was stale.'
    return { name: 'attempts', value: 1, text }
  }
  const { max } = retry
  if (max === 0) {
    const text =
      '1, no retries. A request lost on a stale pooled connection is sent once more at once, where that is safe.'
    return { name: 'attempts', value: 1, text }
  }
  const retries = max === 1 ? '1 retry' : `${max} retries`
  const text = `at most ${max + 1}: the first and ${retries}, on ${retry.when.join(', ')}.${safety(retry, subject)}`
  return { name: 'attempts', value: max + 1, text }
}

function safety(retry: RetryConfig, { method, grpc }: Subject): string {
  if (grpc) return ' gRPC calls are all POST: these outcomes alone decide, and a call may be carried out twice.'
  if (retry.methods === 'any') return ` Any method is repeated, writes too: a ${method} may be carried out twice.`
  if (IDEMPOTENT.includes(method)) return ''
  const unsent = ` A ${method} is repeated only if it provably never reached the upstream`
  return retry.methods === 'keyed' ? `${unsent}, or carries an Idempotency-Key.` : `${unsent}.`
}

function load(retry: RetryConfig | undefined, service: string): Fact {
  if (retry === undefined || retry.max === 0) return { name: 'load', value: 0, text: 'none: no retries.' }
  const { percent, window, minPerSecond } = retry.budget
  const most = Math.min(percent, retry.max)
  const floor = minPerSecond > 0 ? `, or ${minPerSecond}/s where that is more` : ''
  const text =
    `at most +${formatPercentage(most)} calls to ${service} when everything fails${floor} (budget over ` +
    `${duration(window)}). Without the budget it would be +${retry.max * 100}%.`
  return { name: 'load', value: most, text }
}
