/** How long a request can take at worst. */
import type { HedgeConfig } from '../../../policies/hedge/policy.ts'
import { backoffOf, LONGEST_PUSHBACK } from '../../../policies/retry/decide.ts'
import type { RetryConfig } from '../../../policies/retry/policy.ts'
import { limitsOf } from '../../../policies/timeout/decide.ts'
import type { Fact } from '../report.ts'
import { hedgeFor, type Subject, type Wait } from './source.ts'
import { duration } from './words.ts'

/** `waits` is what other policies add. */
export function latency(subject: Subject, waits: readonly Wait[]): Fact {
  const { request, perTry } = subject.blocks.timeout ?? {}
  if (request !== undefined) return bounded(request, subject, waits)
  if (perTry !== undefined) return byAttempts(subject, perTry, waits)
  return unbounded(subject)
}

function bounded(request: number, subject: Subject, waits: readonly Wait[]): Fact {
  const after = waits.filter(({ outside }) => outside)
  const total = request + sumOf(after)
  const end = after.length === 0 ? 'then 504' : `then ${after.map(({ text }) => text).join(', ')}`
  const to = subject.stream === true ? 'head' : 'first message'
  const text = mayBeStream(subject)
    ? `${duration(total)} to the ${to} of the answer, ${end}; the stream itself is not bounded by it.`
    : `${duration(total)}, ${end}: waiting, every attempt, every pause and the whole answer are in it.`
  return { name: 'latency', value: total, text: `${text} A shorter deadline of the caller wins.` }
}

function byAttempts(subject: Subject, perTry: number, waits: readonly Wait[]): Fact {
  const { retry } = subject.blocks
  const hedge = hedgeFor(subject)
  if (hedge !== undefined) return bySide(hedge, perTry, waits)
  const max = retry?.max ?? 0
  const pauses = retry === undefined ? 0 : longestPauses(retry)
  const total = (max + 1) * perTry + pauses + sumOf(waits)
  const parts = [max === 0 ? `perTry ${duration(perTry)}` : `${max + 1} x perTry ${duration(perTry)}`]
  if (pauses > 0) parts.push(`pauses ${duration(pauses)}`)
  parts.push(...waits.map(({ text }) => text))
  const pushback = max === 0 ? '' : ` A Retry-After can add ${duration(LONGEST_PUSHBACK)} to each pause.`
  const text =
    `${duration(total)} from the request sent to the head of the answer (${parts.join(' + ')}).${pushback} The ` +
    'body is unbounded: no timeout.request is stated.'
  return { name: 'latency', value: total, text }
}

/** Attempts run side by side: each begins `after` the one before, or as soon as that has failed, by perTry at the latest. */
function bySide({ after, maxExtra }: HedgeConfig, perTry: number, waits: readonly Wait[]): Fact {
  const isKnown = after >= 1
  const step = isKnown ? Math.min(after, perTry) : perTry
  const total = perTry + maxExtra * step + sumOf(waits)
  const hedges = `${maxExtra === 1 ? '' : `${maxExtra} x `}hedge after ${duration(step)}${isKnown ? '' : ' at most'}`
  const parts = [`perTry ${duration(perTry)}`, hedges, ...waits.map(({ text }) => text)]
  const text =
    `${duration(total)} from the request sent to the head of the answer (${parts.join(' + ')}). The body is unbounded: no ` +
    'timeout.request is stated.'
  return { name: 'latency', value: total, text }
}

function unbounded(subject: Subject): Fact {
  const { timeout } = subject.blocks
  const none = 'neither timeout.request nor timeout.perTry is stated.'
  const still = "A caller's own deadline still holds."
  if (timeout === undefined) {
    return { name: 'latency', value: null, text: `unbounded: ${none} No limit is at work. ${still}` }
  }
  const { idle, streamIdle, maxStream } = limitsOf(timeout)
  const isLong = mayBeStream(subject)
  const silence = `silence ends it, after ${duration(isLong ? streamIdle : idle)} (idle).`
  if (!isLong || maxStream === Number.POSITIVE_INFINITY) {
    return { name: 'latency', value: null, text: `unbounded: ${none} Only ${silence} ${still}` }
  }
  const text = `${duration(maxStream)} (maxStream), however the stream goes: ${none} Before that only ${silence} ${still}`
  return { name: 'latency', value: maxStream, text }
}

/** A gRPC call of which nothing is said may be one, and has the limits of one. */
function mayBeStream({ stream, grpc }: Subject): boolean {
  return stream ?? grpc
}

/** All waits before retries together, with the worst of dice. */
function longestPauses({ max, backoff }: RetryConfig): number {
  let sum = 0
  for (let n = 1; n <= max; n++) sum += backoffOf(backoff, n, 1)
  return sum
}

function sumOf(waits: readonly Wait[]): number {
  return waits.reduce((sum, { ms }) => sum + ms, 0)
}
