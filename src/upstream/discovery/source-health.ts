/** Whether endpoints of one service can be asked for, and when that was last so. */
// cold file: runs when endpoints are told
import type { Clock } from '../../core/clock.ts'

/** Who is asked. */
export type DiscoverySource = 'dns' | 'kubernetes'

export class SourceHealth {
  readonly source: DiscoverySource
  /** The last thing heard was an answer; false before there was any. */
  up: boolean
  /** When endpoints were last known to be right, ms since 1970; 0: never. */
  heardAt: number
  readonly #clock: Clock

  constructor(source: DiscoverySource, clock: Clock) {
    this.source = source
    this.up = false
    this.heardAt = 0
    this.#clock = clock
  }

  /** An answer, or a sign that the last one still holds. */
  heard(): void {
    this.up = true
    this.heardAt = this.#clock.wallTime()
  }

  /** It cannot be asked, or does not know the name. */
  failed(): void {
    this.up = false
  }
}
