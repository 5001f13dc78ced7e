/** What is counted of one destination in one phase. */
import type { AttemptKind } from '../../core/exchange.ts'

/** Word → how often. */
export type Tally = Map<string, number>

export function add(tally: Tally, word: string): void {
  tally.set(word, (tally.get(word) ?? 0) + 1)
}

/** The same words in order of the alphabet, so that a result does not depend on what came first. */
export function sorted(tally: Tally): Record<string, number> {
  return Object.fromEntries([...tally].sort(([a], [b]) => (a < b ? -1 : 1)))
}

export class DestinationCounts {
  readonly direction: 'inbound' | 'outbound'
  /** The Service's name; inbound, the Sidecar's; '' where no route was found. */
  readonly service: string
  requests = 0
  readonly attempts: Record<AttemptKind, number> = { first: 0, retry: 0, transparent: 0, hedge: 0 }
  /** Attempts that arrived at the upstream. */
  reached = 0
  /** `503`, or a reason: how each attempt ended. */
  readonly outcomes: Tally = new Map()
  /** Reasons of our own answers, and of exchanges that ended without one. */
  readonly refused: Tally = new Map()
  /** Reasons of what fallbacks answered. */
  readonly fallbacks: Tally = new Map()
  readonly retriesSkipped: Tally = new Map()
  /** `block:decision`, behind it ` (shadow)` where it only would have been. */
  readonly decisions: Tally = new Map()
  readonly bulkheadRejected: Tally = new Map()
  bulkheadWaits = 0
  longestBulkheadWait = 0
  peakInFlight = 0

  constructor(direction: 'inbound' | 'outbound', service: string, inFlight: number) {
    this.direction = direction
    this.service = service
    this.peakInFlight = inFlight
  }
}
