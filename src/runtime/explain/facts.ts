/** What the blocks of a route come to, taken together. */
import type { BreakerConfig } from '../../policies/breaker/policy.ts'
import type { BulkheadConfig } from '../../policies/bulkhead/policy.ts'
import type { FallbackConfig } from '../../policies/fallback/policy.ts'
import type { RetryConfig } from '../../policies/retry/policy.ts'
import type { TimeoutConfig } from '../../policies/timeout/policy.ts'
import { duration, latency } from './latency.ts'
import type { Fact } from './report.ts'
import { formatPercentage } from './values.ts'

/** The blocks at work; undefined: none. */
export interface AtWork {
  readonly timeout: TimeoutConfig | undefined
  readonly retry: RetryConfig | undefined
  readonly bulkhead: BulkheadConfig | undefined
  readonly breaker: BreakerConfig | undefined
  readonly fallback: FallbackConfig | undefined
}

/** Whose blocks they are. */
export interface Subject {
  readonly service: string
  readonly method: string
  readonly stream: boolean | undefined
}

const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']

export function factsOf(blocks: AtWork, subject: Subject): Fact[] {
  return [
    attempts(blocks.retry, subject.method),
    latency(blocks, subject.stream === true),
    load(blocks.retry, subject.service),
    bulkhead(blocks.bulkhead),
    breaker(blocks.breaker),
    ...(blocks.fallback === undefined ? [] : [fallback(blocks.fallback)]),
  ]
}

function attempts(retry: RetryConfig | undefined, method: string): Fact {
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
  const text = `at most ${max + 1}: the first and ${retries}, on ${retry.when.join(', ')}.${safety(retry, method)}`
  return { name: 'attempts', value: max + 1, text }
}

function safety(retry: RetryConfig, method: string): string {
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

const PER = { service: 'the service', route: 'each route', endpoint: 'each endpoint', source: 'each source' }

function bulkhead(config: BulkheadConfig | undefined): Fact {
  if (config === undefined) return { name: 'bulkhead', value: null, text: 'none: any number of requests at once.' }
  const { maxConcurrent, maxQueue, maxQueueWait } = config
  // An endpoint without a free slot is not picked; nobody waits for it.
  const queue = config.per === 'endpoint' ? 0 : maxQueue
  const waits = queue === 0 ? 'nobody waits' : `${queue} more wait, ${duration(maxQueueWait)} at most`
  const text =
    `${maxConcurrent} requests at once for ${PER[config.per]}, ${waits}; number ${maxConcurrent + queue + 1} gets 503 ` +
    'bulkhead_full at once.'
  return { name: 'bulkhead', value: maxConcurrent, text }
}

function breaker(config: BreakerConfig | undefined): Fact {
  if (config === undefined) return { name: 'breaker', value: null, text: 'none: calls go on however many fail.' }
  const { window, failureRate, slowCall, open, halfOpen } = config
  const calls =
    window.type === 'time' ? `the calls of the last ${duration(window.size)}` : `the last ${window.size} calls`
  const slow =
    slowCall === undefined
      ? ''
      : `, or ${formatPercentage(slowCall.rate)} took ${duration(slowCall.threshold)} or longer`
  const longest = Math.max(open.base, open.max)
  const doubling = longest > open.base ? `, doubling up to ${span(longest, open.jitter)}` : ''
  const text =
    `opens once ${formatPercentage(failureRate)} of ${calls} failed (from ${window.minimumCalls} calls on)${slow}. ` +
    `Refuses with 503 circuit_open for ${span(open.base, open.jitter)}${doubling}, then asks with ${halfOpen.probes} ` +
    `${halfOpen.probes === 1 ? 'probe' : 'probes'}. One for ${PER[config.scope]}.`
  return { name: 'breaker', value: open.base, text }
}

function span(ms: number, jitter: number): string {
  if (jitter === 0) return duration(ms)
  return `${duration(Math.round(ms * (1 - jitter)))} to ${duration(Math.round(ms * (1 + jitter)))}`
}

function fallback(entries: FallbackConfig): Fact {
  const text = entries.map(({ when, status }) => `on ${when.join(', ')} the client gets a ${status} of ours`).join('; ')
  return { name: 'fallback', value: entries.length, text: `${text}.` }
}
