/** The counters of what passes as bytes, by direction and destination. */
import { OpaqueRow } from '../../core/opaque.ts'

/** Reloads under ever new names must not grow without end. */
const MOST = 1000
const OVERFLOW = '_OTHER'

export class OpaqueRows {
  readonly #rows = new Map<string, OpaqueRow>()

  of(direction: 'inbound' | 'outbound', destination: string): OpaqueRow {
    const key = `${direction} ${destination}`
    let row = this.#rows.get(key)
    if (row !== undefined) return row
    if (this.#rows.size >= MOST && destination !== OVERFLOW) return this.of(direction, OVERFLOW)
    row = new OpaqueRow(direction, destination)
    this.#rows.set(key, row)
    return row
  }

  all(): Iterable<OpaqueRow> {
    return this.#rows.values()
  }
}
