/**
 * Requests that were not plain, folded: in a storm a hundred of them are one second, and all alike. What is different would be
 * pushed out, and that is what tells why there is a storm.
 */
import type { EndedExchange } from '../../../telemetry/ended/record.ts'
import { attemptOutcome, outcomeOf, statusOf } from './requests.ts'

/** Those that went the same way; of the newest everything is known. */
export interface Kind {
  readonly id: string
  readonly newest: EndedExchange
  /** How many there were, and when the first of them came, ms since 1970. */
  readonly count: number
  readonly since: number
}

/** Kinds that are kept: those that were seen last. */
const KEPT = 100

export class Kinds {
  readonly #kinds = new Map<string, Kind>()

  /** Oldest first, as they come. */
  take(records: readonly EndedExchange[]): void {
    for (const record of records) {
      const id = wayOf(record)
      const known = this.#kinds.get(id)
      const { count, since } = known ?? { count: 0, since: record.time }
      // Set anew, it is the last: a Map keeps the order in which its keys came.
      this.#kinds.delete(id)
      this.#kinds.set(id, { id, newest: record, count: count + 1, since })
    }
    for (const id of this.#kinds.keys()) {
      if (this.#kinds.size <= KEPT) break
      this.#kinds.delete(id)
    }
  }

  clear(): void {
    this.#kinds.clear()
  }

  /** The one that was seen last comes first. */
  list(): Kind[] {
    return [...this.#kinds.values()].reverse()
  }
}

/** What two requests have in common that went the same way: everything but when, how long, and at which endpoints. */
function wayOf(record: EndedExchange): string {
  const { direction, service, route, method, attempts } = record
  const tried = attempts.map((attempt) => `${attempt.kind} ${attemptOutcome(attempt)} ${attempt.whyNext}`)
  return [direction, service, route, method, outcomeOf(record), statusOf(record), ...tried].join('\n')
}
