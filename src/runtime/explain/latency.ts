/** How long a request can take at worst. */
import { formatDuration } from '../../config/values/units.ts'
import { backoffOf, LONGEST_PUSHBACK } from '../../policies/retry/decide.ts'
import type { RetryConfig } from '../../policies/retry/policy.ts'
import { limitsOf } from '../../policies/timeout/decide.ts'
import type { AtWork } from './facts.ts'
import type { Fact } from './report.ts'

export function latency(blocks: AtWork, isStream: boolean): Fact {
  const { request, perTry } = blocks.timeout ?? {}
  if (request !== undefined) return bounded(request, isStream)
  if (perTry !== undefined) return byAttempts(blocks, perTry)
  return unbounded(blocks)
}

function bounded(request: number, isStream: boolean): Fact {
  const text = isStream
    ? `${duration(request)} to the head of the answer, then 504; the stream itself is not bounded by it.`
    : `${duration(request)}, then 504: waiting, every attempt, every pause and the whole answer are in it.`
  return { name: 'latency', value: request, text: `${text} A shorter deadline of the caller wins.` }
}

function byAttempts({ retry, bulkhead }: AtWork, perTry: number): Fact {
  const max = retry?.max ?? 0
  const pauses = retry === undefined ? 0 : longestPauses(retry)
  const queue =
    bulkhead === undefined || bulkhead.maxQueue === 0 || bulkhead.per === 'endpoint' ? 0 : bulkhead.maxQueueWait
  const total = (max + 1) * perTry + pauses + queue
  const parts = [max === 0 ? `perTry ${duration(perTry)}` : `${max + 1} x perTry ${duration(perTry)}`]
  if (pauses > 0) parts.push(`pauses ${duration(pauses)}`)
  if (queue > 0) parts.push(`queue ${duration(queue)}`)
  const pushback = max === 0 ? '' : ` A Retry-After can add ${duration(LONGEST_PUSHBACK)} to each pause.`
  const text =
    `${duration(total)} from the request sent to the head of the answer (${parts.join(' + ')}).${pushback} The ` +
    'body is unbounded: no timeout.request is stated.'
  return { name: 'latency', value: total, text }
}

function unbounded({ timeout }: AtWork): Fact {
  const idle = timeout === undefined ? undefined : duration(limitsOf(timeout).idle)
  const silence = idle === undefined ? 'No limit is at work.' : `Only silence ends it, after ${idle} (idle).`
  const text = `unbounded: neither timeout.request nor timeout.perTry is stated. ${silence} A caller's own deadline still holds.`
  return { name: 'latency', value: null, text }
}

/** As in the files, but 4.5s where those would say 4500ms. */
export function duration(ms: number): string {
  return ms > 1000 && ms < 60_000 ? `${Math.round(ms) / 1000}s` : formatDuration(ms)
}

/** All waits before retries together, with the worst of dice. */
function longestPauses({ max, backoff }: RetryConfig): number {
  let sum = 0
  for (let n = 1; n <= max; n++) sum += backoffOf(backoff, n, 1)
  return sum
}
