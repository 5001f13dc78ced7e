/** Says that handshakes with clients fail, and why, but not for each of them: a scanner of ports must not fill the log. */
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../telemetry/index.ts'

/** ms between two lines. */
const BETWEEN = 10_000

export class HandshakeLog {
  readonly #clock: Clock
  readonly #log: Log
  #saidAt = Number.NEGATIVE_INFINITY
  #unsaid = 0

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  failed(direction: string, cause: string): void {
    const now = this.#clock.now()
    if (now - this.#saidAt < BETWEEN) {
      this.#unsaid++
      return
    }
    this.#log.warn('a TLS handshake with a client failed', { direction, cause, othersSince: this.#unsaid })
    this.#saidAt = now
    this.#unsaid = 0
  }
}
