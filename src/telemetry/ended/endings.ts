/**
 * The ends of exchanges: the last ones that were not plain, for whoever looks later, and a hook for whoever listens now. A plain
 * exchange that nobody listens to costs the reading of a few fields.
 */
import type { Origin, RequestHead } from '../../core/exchange.ts'
import type { RouteRows } from '../route-rows.ts'
import type { End } from './end.ts'
import { isPlain } from './plain.ts'
import { ENDINGS, type Outcome } from './outcome.ts'
import { type EndedExchange, recordOf } from './record.ts'

/** How many are kept. */
const KEPT = 100

/** Told of every exchange within the very call that ends it; keeps hold of none of what it is given (`recordOf` copies). */
export interface EndListener {
  exchangeEnded(end: End): void
}

export class Endings {
  readonly #withRequest: boolean
  readonly #ring: EndedExchange[]
  readonly #listeners: Set<EndListener>
  /** undefined while nobody listens. */
  #listener: EndListener | undefined
  /** Exchanges that were not plain, since the start. */
  count: number

  /** `withRequest`: paths are kept as well (`--page-paths`). */
  constructor(withRequest: boolean) {
    this.#withRequest = withRequest
    this.#ring = []
    this.#listeners = new Set()
    this.#listener = undefined
    this.count = 0
  }

  /** Parameters as of `End`, which is only made where somebody is told. */
  ended(
    request: RequestHead,
    rows: RouteRows,
    status: number,
    rpcStatus: number,
    origin: Origin | '',
    reason: string,
    now: number,
  ): void {
    const plain = isPlain(request.exchange, status, rpcStatus, reason)
    if (plain && this.#listener === undefined) return
    const end = { request, rows, status, rpcStatus, origin, reason, now }
    this.#listener?.exchangeEnded(end)
    if (!plain) this.#keep(end)
  }

  #keep(end: End): void {
    const record = recordOf(end, this.#withRequest)
    this.#ring[this.count % KEPT] = record
    const { endings } = end.rows
    const cell = (ENDINGS as readonly Outcome[]).indexOf(record.outcome)
    endings[cell] = (endings[cell] as number) + 1
    this.count++
  }

  /** Those that were not plain and came after the first `seen` of them, as far as they are still kept; oldest first. */
  since(seen: number): EndedExchange[] {
    const records: EndedExchange[] = []
    for (let i = Math.max(0, seen, this.count - KEPT); i < this.count; i++) {
      records.push(this.#ring[i % KEPT] as EndedExchange)
    }
    return records
  }

  /** Returns what ends the listening. Several may listen at once. */
  listen(listener: EndListener): () => void {
    this.#listeners.add(listener)
    this.#compile()
    return () => {
      this.#listeners.delete(listener)
      this.#compile()
    }
  }

  #compile(): void {
    const { size } = this.#listeners
    this.#listener = size < 2 ? this.#listeners.values().next().value : new Several(this.#listeners)
  }
}

class Several implements EndListener {
  readonly #listeners: ReadonlySet<EndListener>

  constructor(listeners: ReadonlySet<EndListener>) {
    this.#listeners = listeners
  }

  exchangeEnded(end: End): void {
    for (const listener of this.#listeners) listener.exchangeEnded(end)
  }
}
