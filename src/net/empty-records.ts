/**
 * Peers that go on with TLS itself where the handshake is over: handshakes anew in TLS 1.2 (RFC 5246 §7.4.1.1 and §7.4.1.2), each of which
 * OpenSSL refuses by an alert, and key updates in 1.3 (RFC 8446 §4.6.3). It has no bound for either, and Node tells nobody of them. Where
 * the peer does not read, the alerts wait in memory that no limit of ours sees. Both count bytes, though, above TLS and beneath it.
 */
// cold file: once a second
import type { Socket } from 'node:net'
import type { Clock, Timed, Timer } from '../core/clock.ts'

/** ms between two looks. */
const BETWEEN = 1000
/** Bytes without content that a peer may send in that time: 2 000 messages, where one key update is due after 2^24 records (RFC 8446 §5.5). */
const MOST = 64 * 1024
/** Bytes beneath TLS that one above may cost: 22 in a record of its own, more in one that is padded (§5.4). */
const PER_BYTE = 256

/** What is beneath TLS: a socket, or the handle of one. */
interface Wire {
  readonly bytesRead: number
}

export class EmptyRecords implements Timed {
  readonly #clock: Clock
  readonly #watched: Set<Watched>
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#watched = new Set()
    this.#timer = undefined
  }

  /** From the end of the handshake on, until `above` is closed; `flooded` is called at most once. */
  watch(beneath: Wire, above: Socket, flooded: () => void): void {
    const watched = new Watched(beneath, above, flooded)
    this.#watched.add(watched)
    above.on('close', () => this.#watched.delete(watched))
    if (this.#timer === undefined) this.#timer = this.#clock.schedule(BETWEEN, this)
  }

  expired(): void {
    for (const watched of this.#watched) {
      if (!watched.floods()) continue
      this.#watched.delete(watched)
      watched.flooded()
    }
    this.#timer = this.#watched.size > 0 ? this.#clock.schedule(BETWEEN, this) : undefined
  }
}

class Watched {
  readonly flooded: () => void
  readonly #beneath: Wire
  readonly #above: Socket
  /** As of the last look. */
  #wire: number
  #content: number

  constructor(beneath: Wire, above: Socket, flooded: () => void) {
    this.flooded = flooded
    this.#beneath = beneath
    this.#above = above
    this.#wire = beneath.bytesRead
    this.#content = above.bytesRead
  }

  floods(): boolean {
    const wire = this.#beneath.bytesRead
    const content = this.#above.bytesRead
    const empty = wire - this.#wire - PER_BYTE * (content - this.#content)
    this.#wire = wire
    this.#content = content
    return empty > MOST
  }
}
