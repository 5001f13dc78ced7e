/** The copies of one entry `use: cached`: by what was asked, and under that by what the answers vary by. */
import type { CacheAccount } from '../../core/cache-account.ts'
import type { Clock } from '../../core/clock.ts'
import { type CacheSnapshot, type Mode, type Observable, type Retirable, SHADOW } from '../../core/events.ts'
import type { RequestHead, ResponseHead } from '../../core/exchange.ts'
import { get, type Headers } from '../../core/headers.ts'
import { Changes } from './cached-changes.ts'
import { Copy, frameOf } from './cached-copy.ts'
import { Copies, type Totals } from './cached-home.ts'
import { type KeyPart, partsOf, targetOf, variantOf, varyOf } from './cached-key.ts'

export interface CacheRules {
  /** How old a copy may be, ms. */
  readonly maxStale: number
  readonly key: readonly KeyPart[]
  /** Also for requests with Authorization or Cookie, and answers that forbid it. */
  readonly shared: boolean
}

export class CachedAnswers implements Observable, Retirable {
  readonly rules: CacheRules
  readonly account: CacheAccount
  readonly changes: Changes
  readonly #clock: Clock
  readonly #service: string
  readonly #policy: string
  readonly #mode: Mode
  /** By what was asked for, and under that by what the file adds to it. */
  readonly #targets: Map<string, Map<string, Copies>>
  readonly #totals: Totals
  #hits: number
  #misses: number
  #retired: boolean

  constructor(rules: CacheRules, account: CacheAccount, clock: Clock, service: string, policy: string, mode: Mode) {
    this.rules = rules
    this.account = account
    this.changes = new Changes()
    this.#clock = clock
    this.#service = service
    this.#policy = policy
    this.#mode = mode
    this.#targets = new Map()
    this.#totals = { entries: 0, bytes: 0 }
    this.#hits = 0
    this.#misses = 0
    this.#retired = false
  }

  /** The copy that stands for an answer to `request`, and how old it is in ms. It becomes the last one to be evicted. */
  find(request: RequestHead): { readonly copy: Copy; readonly age: number } | undefined {
    const copies = this.#of(request)
    const copy = copies?.match(request)
    const age = copy === undefined ? 0 : copy.age(this.#clock.now())
    if (copy === undefined || age > this.rules.maxStale) {
      if (copy !== undefined) copies?.drop(copy)
      this.#misses++
      return undefined
    }
    this.#hits++
    this.account.touch(copy)
    return { copy, age }
  }

  /**
   * Keeps an answer that came whole, in place of the one before. `charged` is what its body was charged with, `since` how many
   * changes there were when it was asked for; false: there is no room, or it is out of date already, and the charge stays to
   * be given back.
   */
  keep(
    request: RequestHead,
    head: ResponseHead,
    body: readonly Buffer[],
    trailers: Headers | undefined,
    charged: number,
    since: number,
  ): boolean {
    const names = varyOf(head.headers)
    if (names === undefined || this.#retired) return false
    const target = targetOf(request)
    if (this.changes.since(since, target)) return false
    const parts = partsOf(request, this.rules.key)
    const variant = variantOf(request, names)
    const frame = frameOf(target.length + parts.length + variant.length, head, trailers)
    if (!this.account.take(frame)) return false
    const copies = this.#home(target, parts)
    const bytes = charged + frame
    const clock = this.#clock
    copies.put(new Copy(copies, names, variant, head, body, trailers, bytes, clock.now(), clock.wallTime()), request)
    return true
  }

  /** A 304: the copy that the client has, and we have too, is still good (RFC 9111 §4.3.4). */
  confirm(request: RequestHead, head: ResponseHead): void {
    const copy = this.#of(request)?.match(request)
    if (copy === undefined || copy.etag === undefined || copy.etag !== get(head.headers, 'etag')) return
    copy.confirmed(head, this.#clock.now(), this.#clock.wallTime())
    this.account.touch(copy)
  }

  /** What was asked for is gone for whoever asks as this request does. */
  forget(request: RequestHead): void {
    const copies = this.#of(request)
    if (copies === undefined) return
    this.changes.note(targetOf(request))
    copies.clear()
  }

  /** What was asked for has changed, for everybody. */
  invalidate(request: RequestHead): void {
    const target = targetOf(request)
    this.changes.note(target)
    const byParts = this.#targets.get(target)
    if (byParts !== undefined) for (const copies of byParts.values()) copies.clear()
  }

  snapshot(): CacheSnapshot {
    return {
      kind: 'cache',
      service: this.#service,
      policy: this.#policy,
      ...this.#totals,
      hits: this.#hits,
      misses: this.#misses,
      ...(this.#mode === 'shadow' ? SHADOW : {}),
    }
  }

  /** No file states it any more: its copies go, and requests still under way leave none. */
  retire(): void {
    this.#retired = true
    for (const byParts of this.#targets.values()) for (const copies of byParts.values()) copies.clear()
  }

  #of(request: RequestHead): Copies | undefined {
    return this.#targets.get(targetOf(request))?.get(partsOf(request, this.rules.key))
  }

  #home(target: string, parts: string): Copies {
    let byParts = this.#targets.get(target)
    if (byParts === undefined) {
      byParts = new Map()
      this.#targets.set(target, byParts)
    }
    let copies = byParts.get(parts)
    if (copies === undefined) {
      copies = new Copies(this.account, this.#totals, () => this.#leave(target, parts))
      byParts.set(parts, copies)
    }
    return copies
  }

  #leave(target: string, parts: string): void {
    const byParts = this.#targets.get(target)
    byParts?.delete(parts)
    if (byParts?.size === 0) this.#targets.delete(target)
  }
}
