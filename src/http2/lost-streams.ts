/**
 * Streams of a client that is gone, each told of it once. A thousand ends take longer than one connection may keep the process
 * from all others, so these are served in between.
 */
import type { Clock } from '../core/clock.ts'
import { CANCEL } from './frames.ts'
import { TURN } from './read-turns.ts'
import type { Stream } from './stream.ts'
import type { StreamTable } from './stream-table.ts'

export class LostStreams {
  readonly #clock: Clock
  readonly #streams: Stream[]
  readonly #cause: string
  /** The first that was not told. */
  #next: number

  /** Takes all that are in `table`: nothing is said on them any more, and what they hold is let go. */
  constructor(table: StreamTable, clock: Clock, cause: string) {
    this.#clock = clock
    this.#streams = table.all()
    this.#cause = cause
    this.#next = 0
    table.clear()
    for (let i = 0; i < this.#streams.length; i++) (this.#streams[i] as Stream).close()
  }

  get told(): boolean {
    return this.#next === this.#streams.length
  }

  /** As if the client had reset them: for as long as a turn lasts, or for `most` ms. Whoever throws was told, too. */
  tell(most = TURN): void {
    const began = this.#clock.exact()
    while (!this.told) {
      const stream = this.#streams[this.#next++] as Stream
      stream.onReset(CANCEL, this.#cause, true)
      if (this.#clock.exact() - began > most) return
    }
  }
}
