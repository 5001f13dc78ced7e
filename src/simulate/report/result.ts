/** What is told of a simulation: plain data, the same as JSON. Times in ms, shares in percent; null where there is nothing. */
import type { Transition } from '../record/recorder.ts'

export interface StreamResult {
  readonly name: string
  readonly sent: number
  readonly ok: number
  readonly okPercent: number | null
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly max: number | null
  /** Tries of its own client, per request. */
  readonly tries: number | null
  /** `503 circuit_open` → how many. */
  readonly answers: Readonly<Record<string, number>>
}

type Counts = Readonly<Record<string, number>>

export interface DestinationResult {
  readonly direction: 'inbound' | 'outbound'
  /** '' where no route was found. */
  readonly service: string
  readonly requests: number
  readonly attempts: Counts
  readonly attemptsPerRequest: number | null
  /** Attempts that arrived at the upstream. */
  readonly calls: number
  readonly peakInFlight: number
  readonly outcomes: Counts
  /** Our own answers by reason, and ends without an answer. */
  readonly refused: Counts
  readonly fallbacks: Counts
  readonly retriesSkipped: Counts
  readonly decisions: Counts
  readonly bulkheadRejected: Counts
  readonly bulkheadWaits: number
  readonly longestBulkheadWait: number
}

export interface BulkheadResult {
  readonly service: string
  readonly per: string
  readonly key: string
  readonly limit: number
  /** It refuses nobody. */
  readonly shadow: boolean
  readonly peakInFlight: number
  readonly peakQueued: number
}

export interface PhaseResult {
  readonly name: string
  readonly from: number
  readonly until: number
  readonly streams: readonly StreamResult[]
  readonly destinations: readonly DestinationResult[]
  readonly bulkheads: readonly BulkheadResult[]
  /** Of our application: slots that were busy, and requests that waited for one, at the most. */
  readonly application: { readonly peakBusy: number; readonly peakWaiting: number }
}

export interface IntervalResult {
  readonly at: number
  readonly sent: number
  readonly okPercent: number | null
  readonly p99: number | null
  /** Our own refusals, when they happened. */
  readonly refused: number
  /** Attempts that arrived, when they did, by destination. */
  readonly calls: Readonly<Record<string, number>>
  /** Breakers that are not closed at the end of it: `inventory open`. */
  readonly breakers: readonly string[]
}

export interface Result {
  readonly workload: string
  readonly policies: readonly string[]
  readonly seed: number
  readonly duration: number
  readonly requests: number
  readonly unanswered: number
  readonly phases: readonly PhaseResult[]
  readonly breakers: readonly Transition[]
  readonly interval: number
  readonly timeline: readonly IntervalResult[]
  /** What a reader has to know: lines left out, upstreams that nothing is known of. */
  readonly notes: readonly string[]
}
