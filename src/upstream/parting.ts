/** A connection whose tunnel is over, until what was written to it is out: an endpoint that takes nothing of it is not waited for for ever. */
// cold file: once a tunnel
import type { Socket } from 'node:net'
import type { Clock, Timed, Timer } from '../core/clock.ts'
import { breakOff } from '../net/encrypted.ts'

/** ms between two looks. */
const LOOK = 1000
/** How often in a row it may have taken nothing. */
const STALLS = 30

export class Parting implements Timed {
  readonly #socket: Socket
  readonly #clock: Clock
  #timer: Timer | undefined
  #left: number
  #stalls: number

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    this.#left = -1
    this.#stalls = 0
    this.#timer = socket.destroyed ? undefined : clock.schedule(LOOK, this)
    socket.once('close', () => clock.cancel(this.#timer))
  }

  expired(): void {
    const left = this.#socket.writableLength
    if (left !== this.#left) this.#stalls = 0
    else if (++this.#stalls >= STALLS) {
      breakOff(this.#socket)
      return
    }
    this.#left = left
    this.#timer = this.#clock.schedule(LOOK, this)
  }
}
