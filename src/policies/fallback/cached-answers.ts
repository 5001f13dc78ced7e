/** The copies of one entry `use: cached`: by what was asked, and under that by what the answers vary by. */
import type { CacheAccount } from '../../core/cache-account.ts'
import type { Clock } from '../../core/clock.ts'
import { type CacheSnapshot, type Mode, type Observable, type Retirable, SHADOW } from '../../core/events.ts'
import type { RequestHead, ResponseHead } from '../../core/exchange.ts'
import { get, type Headers } from '../../core/headers.ts'
import { Copy, frameOf, type Keeper } from './cached-copy.ts'
import { type KeyPart, partsOf, targetOf, variantOf, varyOf } from './cached-key.ts'

/** Answers to one question that differ by what they vary by; past that the oldest goes. */
const VARIANTS = 16

export interface CacheRules {
  /** How old a copy may be, ms. */
  readonly maxStale: number
  readonly key: readonly KeyPart[]
  /** Also for requests with Authorization or Cookie, and answers that forbid it. */
  readonly shared: boolean
}

export class CachedAnswers implements Observable, Retirable, Keeper {
  readonly rules: CacheRules
  readonly account: CacheAccount
  readonly #clock: Clock
  readonly #service: string
  readonly #policy: string
  readonly #mode: Mode
  /** By what was asked for, and under that by what the file adds to it. */
  readonly #targets: Map<string, Map<string, Copy[]>>
  #entries: number
  #bytes: number
  #hits: number
  #misses: number
  #retired: boolean

  constructor(rules: CacheRules, account: CacheAccount, clock: Clock, service: string, policy: string, mode: Mode) {
    this.rules = rules
    this.account = account
    this.#clock = clock
    this.#service = service
    this.#policy = policy
    this.#mode = mode
    this.#targets = new Map()
    this.#entries = 0
    this.#bytes = 0
    this.#hits = 0
    this.#misses = 0
    this.#retired = false
  }

  /** The copy that stands for an answer to `request`, and how old it is in ms. It becomes the last one to be evicted. */
  find(request: RequestHead): { readonly copy: Copy; readonly age: number } | undefined {
    const copy = this.#match(request)
    const age = copy === undefined ? 0 : copy.age(this.#clock.now())
    if (copy === undefined || age > this.rules.maxStale) {
      if (copy !== undefined) this.#drop(copy)
      this.#misses++
      return undefined
    }
    this.#hits++
    this.account.touch(copy)
    return { copy, age }
  }

  /**
   * Keeps an answer that came whole, in place of the one before. `charged` is what its body was charged with; false: there
   * is no room, and that stays to be given back.
   */
  keep(
    request: RequestHead,
    head: ResponseHead,
    body: readonly Buffer[],
    trailers: Headers | undefined,
    charged: number,
  ): boolean {
    const names = varyOf(head.headers)
    if (names === undefined || this.#retired) return false
    const target = targetOf(request)
    const parts = partsOf(request, this.rules.key)
    const variant = variantOf(request, names)
    const frame = frameOf(target.length + parts.length + variant.length, head, trailers)
    if (!this.account.take(frame)) return false
    const now = this.#clock.now()
    const copy = new Copy(this, target, parts, names, variant, head, body, trailers, charged + frame, now)
    this.#put(copy, request)
    return true
  }

  /** A 304: the copy that the client has, and we have too, is still good (RFC 9111 §4.3.4). */
  confirm(request: RequestHead, head: ResponseHead): void {
    const copy = this.#match(request)
    if (copy === undefined || copy.etag === undefined || copy.etag !== get(head.headers, 'etag')) return
    copy.confirmed(head, this.#clock.now())
    this.account.touch(copy)
  }

  /** What was asked for is gone for whoever asked as this request does. */
  forget(request: RequestHead): void {
    const all = this.#targets.get(targetOf(request))?.get(partsOf(request, this.rules.key))
    if (all !== undefined) for (const copy of all.slice()) this.#drop(copy)
  }

  /** What was asked for has changed, for everybody. */
  invalidate(request: RequestHead): void {
    const byParts = this.#targets.get(targetOf(request))
    if (byParts === undefined) return
    for (const all of byParts.values()) for (const copy of all.slice()) this.#drop(copy)
  }

  lost(copy: Copy): void {
    this.#unlink(copy)
  }

  snapshot(): CacheSnapshot {
    return {
      kind: 'cache',
      service: this.#service,
      policy: this.#policy,
      entries: this.#entries,
      bytes: this.#bytes,
      hits: this.#hits,
      misses: this.#misses,
      ...(this.#mode === 'shadow' ? SHADOW : {}),
    }
  }

  /** No file states it any more: its copies go, and requests still under way leave none. */
  retire(): void {
    this.#retired = true
    for (const byParts of this.#targets.values()) {
      for (const all of byParts.values()) for (const copy of all) this.account.drop(copy)
    }
    this.#targets.clear()
    this.#entries = 0
    this.#bytes = 0
  }

  /** The newest that varies by nothing in which this request differs. */
  #match(request: RequestHead): Copy | undefined {
    const all = this.#targets.get(targetOf(request))?.get(partsOf(request, this.rules.key))
    if (all === undefined) return undefined
    for (let i = all.length - 1; i >= 0; i--) {
      const copy = all[i] as Copy
      if (copy.names.length === 0 || variantOf(request, copy.names) === copy.variant) return copy
    }
    return undefined
  }

  #put(copy: Copy, request: RequestHead): void {
    const before = this.#targets.get(copy.target)?.get(copy.parts)
    if (before !== undefined) {
      // Whatever would have answered this request is out of date now.
      for (const old of before.slice()) if (variantOf(request, old.names) === old.variant) this.#drop(old)
      if (before.length >= VARIANTS) this.#drop(before[0] as Copy)
    }
    this.#link(copy)
    this.#entries++
    this.#bytes += copy.bytes
    this.account.keep(copy)
  }

  #link(copy: Copy): void {
    let byParts = this.#targets.get(copy.target)
    if (byParts === undefined) {
      byParts = new Map()
      this.#targets.set(copy.target, byParts)
    }
    const all = byParts.get(copy.parts)
    if (all === undefined) byParts.set(copy.parts, [copy])
    else all.push(copy)
  }

  #drop(copy: Copy): void {
    this.account.drop(copy)
    this.#unlink(copy)
  }

  #unlink(copy: Copy): void {
    const byParts = this.#targets.get(copy.target)
    const all = byParts?.get(copy.parts)
    const at = all === undefined ? -1 : all.indexOf(copy)
    if (byParts === undefined || all === undefined || at < 0) return
    all.splice(at, 1)
    if (all.length === 0) byParts.delete(copy.parts)
    if (byParts.size === 0) this.#targets.delete(copy.target)
    this.#entries--
    this.#bytes -= copy.bytes
  }
}
