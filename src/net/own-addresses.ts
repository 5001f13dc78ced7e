/** The addresses of this network namespace. They seldom change, so they are read when one is asked for that is not known. */
import { networkInterfaces } from 'node:os'
import type { Clock } from '../core/clock.ts'

/** ms in which they are not read again: whoever asks for strange addresses must not cost much. */
const PAUSE = 1000

export class OwnAddresses {
  readonly #clock: Clock
  readonly #read: () => Iterable<string>
  #known: ReadonlySet<string>
  #readAt: number

  /** `read` is the machine's own by default. */
  constructor(clock: Clock, read: () => Iterable<string> = ofInterfaces) {
    this.#clock = clock
    this.#read = read
    this.#known = new Set()
    this.#readAt = Number.NEGATIVE_INFINITY
  }

  /** `host` is an address as the kernel's is read, IPv6 in its shortest form. */
  has(host: string): boolean {
    if (host.startsWith('127.') || host === '::1' || this.#known.has(host)) return true
    const now = this.#clock.now()
    if (now - this.#readAt < PAUSE) return false
    this.#readAt = now
    this.#known = new Set(this.#read())
    return this.#known.has(host)
  }
}

function ofInterfaces(): string[] {
  return Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address))
}
