/**
 * Finds out that the firewall's rules do not spare this sidecar: then each connection it makes is led back to it, makes another one,
 * and so on until no port is left. Whoever comes is looked up among the machine's sockets, the first few and then ever more seldom;
 * a loop is soon most of all connections, so it does not slip through.
 */
// cold file: once a connection
import type { OriginalDestination } from '../../core/original-destination.ts'
import type { Log } from '../../telemetry/index.ts'

/** Of a connection from that local port to that destination: its user's uid; undefined: not known. */
export type OwnerOf = (port: number, to: OriginalDestination) => number | undefined

/** So many in a row that are somebody else's are looked up, from the start and after each of our own. */
const SUSPICION = 16

export class LoopGuard {
  readonly #uid: number
  readonly #ownerOf: OwnerOf
  readonly #log: Log
  #seen: number
  /** Connections that are still looked up, whatever their number. */
  #left: number
  #told: boolean

  /** `uid`: of this process. */
  constructor(uid: number, ownerOf: OwnerOf, log: Log) {
    this.#uid = uid
    this.#ownerOf = ownerOf
    this.#log = log
    this.#seen = 0
    this.#left = SUSPICION
    this.#told = false
  }

  /** Whether a redirected connection is one of our own. */
  isOurs(port: number, to: OriginalDestination): boolean {
    this.#seen++
    if (this.#left === 0 && (this.#seen & (this.#seen - 1)) !== 0) return false
    if (this.#ownerOf(port, to) !== this.#uid) {
      if (this.#left > 0 && --this.#left === 0) this.#told = false
      return false
    }
    this.#left = SUSPICION
    if (!this.#told) {
      this.#told = true
      this.#log.error('connections of this sidecar are led back to it: the firewall rules do not spare its user', {
        uid: this.#uid,
        to: to.address,
        hint: `outrigger firewall apply --proxy-uid=${this.#uid}, or run the sidecar as the user that the rules spare`,
      })
    }
    return true
  }
}
