/** Looks at a sidecar's `GET /state` again and again: what its breaker and its bulkhead do, and when. */
import { callJson } from './http.ts'
import { after, nowMs, type Timer } from './time.ts'

export type BreakerState = 'closed' | 'open' | 'half-open' | 'unknown'

/** What the demo shows of a sidecar. */
export interface View {
  readonly breaker: BreakerState
  readonly inflight: number
  /** 0: no bulkhead. */
  readonly limit: number
}

const NOTHING: View = { breaker: 'unknown', inflight: 0, limit: 0 }

/** Reads `/state`; whatever is missing or strange in it is left out rather than guessed. */
export function viewOf(state: unknown, service: string): View {
  const breaker = entry(state, 'breakers', service)
  const bulkhead = entry(state, 'bulkheads', service)
  return {
    breaker: stateOf(breaker?.['state']),
    inflight: numberOf(bulkhead?.['inflight'] ?? bulkhead?.['inFlight']),
    limit: numberOf(bulkhead?.['limit'] ?? bulkhead?.['maxConcurrent']),
  }
}

function entry(state: unknown, list: string, service: string): Record<string, unknown> | undefined {
  if (typeof state !== 'object' || state === null) return undefined
  const items: unknown = (state as Record<string, unknown>)[list]
  if (!Array.isArray(items)) return undefined
  return items.find((item: unknown) => {
    const its = item as { service?: unknown; mode?: unknown } | null
    // What is in shadow mode only watches: the demo shows what acts.
    return its?.service === service && its.mode !== 'shadow'
  })
}

function stateOf(value: unknown): BreakerState {
  const word = typeof value === 'string' ? value.toLowerCase().replace(/[_ ]/g, '-') : ''
  if (word === 'closed' || word === 'open') return word
  return word === 'half-open' || word === 'halfopen' ? 'half-open' : 'unknown'
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

/** A change of the breaker. `at` on the clock of `nowMs`. */
export interface Change {
  readonly at: number
  readonly to: BreakerState
}

export class Watch {
  readonly #admin: string
  readonly #service: string
  readonly #every: number
  #timer: Timer | undefined
  #stopped = false
  view = NOTHING
  /** Every change seen since the start; bounded, because a breaker takes its time. */
  changes: Change[] = []

  /** Looks every `everyMs` at the sidecar whose admin listener is at `admin`. */
  constructor(admin: string, service: string, everyMs: number) {
    this.#admin = admin
    this.#service = service
    this.#every = everyMs
    this.#look()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** When the breaker first came into that state at or after `from`; undefined: never. */
  firstAfter(from: number, state: BreakerState): number | undefined {
    return this.changes.find((change) => change.at >= from && change.to === state)?.at
  }

  #look(): void {
    callJson(this.#admin, 'GET', '/state', undefined, 2000).then(
      (answer) => this.#see(viewOf(answer.value, this.#service)),
      () => this.#see(NOTHING),
    )
  }

  #see(view: View): void {
    if (this.#stopped) return
    if (view.breaker !== 'unknown' && view.breaker !== this.view.breaker && this.changes.length < 10_000) {
      this.changes.push({ at: nowMs(), to: view.breaker })
    }
    if (view.breaker !== 'unknown' || view.limit > 0) this.view = view
    this.#timer = after(this.#every, () => this.#look())
  }
}
