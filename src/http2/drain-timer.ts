/** Tells a connection that its client did not answer between the two GOAWAYs (RFC 9113 §6.8). */
import type { Clock, Timed, Timer } from '../core/clock.ts'
import { afterReading } from '../net/after-reading.ts'

/**
 * ms that a client has to answer the PING between them. One that was held up, or is far away, may have sent streams before it read the
 * first; who answers costs no wait.
 */
const DRAIN_WAIT = 5000

/** What is to be drained. */
export interface Draining {
  readonly clock: Clock
  lastGoaway(): void
}

export class DrainTimer implements Timed {
  readonly timer: Timer
  readonly #connection: Draining

  constructor(connection: Draining) {
    this.#connection = connection
    this.timer = connection.clock.schedule(DRAIN_WAIT, this)
  }

  expired(): void {
    afterReading(() => this.#connection.lastGoaway())
  }
}
