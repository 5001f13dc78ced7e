/** The copies of answers to one question, which differ by what the answers vary by. */
import type { CacheAccount } from '../../core/cache-account.ts'
import type { RequestHead } from '../../core/exchange.ts'
import type { Copy, Home } from './cached-copy.ts'
import { variantOf } from './cached-key.ts'

/** Past so many the oldest goes. */
const VARIANTS = 16

/** What is kept in all. */
export interface Totals {
  entries: number
  bytes: number
}

export class Copies implements Home {
  /** The newest last. */
  readonly #all: Copy[]
  readonly #account: CacheAccount
  readonly #totals: Totals
  readonly #empty: () => void

  /** `empty` is called when the last one has gone. */
  constructor(account: CacheAccount, totals: Totals, empty: () => void) {
    this.#all = []
    this.#account = account
    this.#totals = totals
    this.#empty = empty
  }

  /** The newest that varies by nothing in which this request differs. */
  match(request: RequestHead): Copy | undefined {
    for (let i = this.#all.length - 1; i >= 0; i--) {
      const copy = this.#all[i] as Copy
      if (variantOf(request, copy.names) === copy.variant) return copy
    }
    return undefined
  }

  /** Takes the place of whatever would have answered this request. */
  put(copy: Copy, request: RequestHead): void {
    const all = this.#all
    for (let i = all.length - 1; i >= 0; i--) {
      const old = all[i] as Copy
      if (variantOf(request, old.names) === old.variant) this.#remove(i)
    }
    if (all.length >= VARIANTS) this.#remove(0)
    all.push(copy)
    this.#totals.entries++
    this.#totals.bytes += copy.bytes
    this.#account.keep(copy)
  }

  drop(copy: Copy): void {
    const at = this.#all.indexOf(copy)
    if (at < 0) return
    this.#remove(at)
    if (this.#all.length === 0) this.#empty()
  }

  clear(): void {
    while (this.#all.length > 0) this.#remove(this.#all.length - 1)
    this.#empty()
  }

  /** Evicted: the account has let go of it. */
  lost(copy: Copy): void {
    this.drop(copy)
  }

  #remove(at: number): void {
    const [copy] = this.#all.splice(at, 1) as [Copy]
    this.#totals.entries--
    this.#totals.bytes -= copy.bytes
    this.#account.drop(copy)
  }
}
