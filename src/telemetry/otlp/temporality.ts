/** Since when a row counts: since it is there, or since the last export. */
// cold file: runs once per export
import type { Row } from './metric-rows.ts'

export interface Counted {
  readonly row: Row
  /** ms since 1970. */
  readonly since: number
}

interface Known {
  readonly row: Row
  readonly since: number
}

export class Temporality {
  readonly #delta: boolean
  /** ms since 1970: the start, later the last export. */
  #last: number
  #known: Map<string, Known>
  #next: Map<string, Known>

  /** `startedAt` in ms since 1970. */
  constructor(delta: boolean, startedAt: number) {
    this.#delta = delta
    this.#last = startedAt
    this.#known = new Map()
    this.#next = new Map()
  }

  /**
   * What is to be told of a row of `metric`; undefined: nothing came since the last time. A row that was not there the last
   * time (idle ones leave, and begin at 0 when they come back) counts from then on.
   */
  counted(metric: string, row: Row): Counted | undefined {
    const key = `${metric}\n${Object.entries(row.attributes).join('\n')}`
    const known = this.#known.get(key)
    const since = known?.since ?? this.#last
    this.#next.set(key, { row, since })
    if (!this.#delta) return { row, since }
    const difference = known === undefined ? row : minus(row, known.row)
    return isNothing(difference) ? undefined : { row: difference, since: this.#last }
  }

  /** Every row was told. */
  exported(now: number): void {
    this.#last = now
    this.#known = this.#next
    this.#next = new Map()
  }
}

/** A row that left and came back between two exports counts from 0. */
function minus(row: Row, before: Row): Row {
  const counts = row.counts.map((count, at) => count - (before.counts[at] ?? 0))
  if (row.value < before.value || counts.some((count) => count < 0)) return row
  return { ...row, value: row.value - before.value, counts }
}

function isNothing({ value, counts }: Row): boolean {
  return value === 0 && counts.every((count) => count === 0)
}
