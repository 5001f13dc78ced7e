/** A key that is ours for a while and then a while longer, until its request has ended. */
import type { Clock, Timed, Timer } from '../../../core/clock.ts'
import type { StoredAnswer } from '../answer.ts'
import type { Fate } from '../decide.ts'
import type { Lease } from '../store.ts'

/** The store it is a lease of. */
export interface LeaseOwner {
  readonly clock: Clock
  /** ms that a lease holds. */
  readonly lease: number
  renew(key: string, token: string): void
  settle(key: string, token: string, fate: Fate, answer: StoredAnswer | undefined): void
}

export class RedisLease implements Lease, Timed {
  readonly #store: LeaseOwner
  readonly #key: string
  readonly #token: string
  #timer: Timer | undefined

  constructor(store: LeaseOwner, key: string, token: string) {
    this.#store = store
    this.#key = key
    this.#token = token
    this.#timer = store.clock.schedule(store.lease / 3, this)
  }

  /** Two of three may be lost on the way. */
  expired(): void {
    this.#store.renew(this.#key, this.#token)
    this.#timer = this.#store.clock.schedule(this.#store.lease / 3, this)
  }

  settle(fate: Fate, answer: StoredAnswer | undefined): void {
    this.#store.clock.cancel(this.#timer)
    this.#store.settle(this.#key, this.#token, fate, answer)
  }
}
