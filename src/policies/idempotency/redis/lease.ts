/** A key that is ours for a while and then a while longer, until its request has ended. */
import type { Timed, Timer } from '../../../core/clock.ts'
import type { StoredAnswer } from '../answer.ts'
import type { Fate } from '../decide.ts'
import type { Lease } from '../store.ts'
import type { RedisStore } from './store.ts'

export class RedisLease implements Lease, Timed {
  readonly #store: RedisStore
  readonly #key: string
  readonly #token: string
  #timer: Timer | undefined

  constructor(store: RedisStore, key: string, token: string) {
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
