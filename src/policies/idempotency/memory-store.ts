/**
 * Keys of this replica alone, bounded in number and bytes. What has passed its ttl is swept when a key is asked for or the
 * state is looked at: no timer per key, and none while nobody asks.
 */
import type { Clock } from '../../core/clock.ts'
import type { IdempotencySnapshot, PolicyEvents } from '../../core/events.ts'
import type { StoredAnswer } from './answer.ts'
import type { Fate } from './decide.ts'
import { type Asker, FULL, IN_FLIGHT, type Lease, type Look, type StoreAtOnce, UNKNOWN } from './store.ts'

export interface MemoryOptions {
  readonly service: string
  readonly policy: string
  /** ms */
  readonly ttl: number
  /** A key whose fate is not known is free again. */
  readonly release: boolean
  readonly maxKeys: number
  /** Of answers. */
  readonly maxBytes: number
}

export class MemoryStore implements StoreAtOnce {
  readonly atOnce = true
  readonly #options: MemoryOptions
  readonly #clock: Clock
  readonly #events: PolicyEvents
  readonly #entries = new Map<string, Entry>()
  /** In the order in which they ended, which is the order in which their ttl passes. */
  readonly #done = new Set<Entry>()
  readonly #unknown = new Set<Entry>()
  readonly #waitsFor = new Map<Asker, Entry>()
  readonly #woken: Asker[] = []
  /** What the woken ask for. */
  readonly #keys = new Map<Asker, string>()
  readonly #wake = () => this.#tell()
  #waking = false
  #bytes = 0
  #evicted = 0

  constructor(options: MemoryOptions, clock: Clock, events: PolicyEvents) {
    this.#options = options
    this.#clock = clock
    this.#events = events
  }

  look(key: string): Look {
    this.#sweep()
    const entry = this.#entries.get(key)
    if (entry !== undefined) {
      if (entry.fate === 'done') return { found: 'done', answer: entry.answer as StoredAnswer }
      return entry.fate === 'unknown' ? UNKNOWN : IN_FLIGHT
    }
    // An answer given long ago makes room; a key that is in flight or in doubt never does.
    if (this.#entries.size >= this.#options.maxKeys && !this.#evict()) return FULL
    const lease = new Entry(this, key)
    this.#entries.set(key, lease)
    return { found: 'leased', lease }
  }

  wait(key: string, asker: Asker): void {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.fate !== undefined) {
      this.#wakeUp(asker, key)
      return
    }
    if (entry.waiting === undefined) entry.waiting = new Set()
    entry.waiting.add(asker)
    this.#waitsFor.set(asker, entry)
  }

  forget(asker: Asker): void {
    this.#waitsFor.get(asker)?.waiting?.delete(asker)
    this.#waitsFor.delete(asker)
    this.#keys.delete(asker)
  }

  /** A lease ended. */
  settled(entry: Entry, fate: Fate, answer: StoredAnswer | undefined): void {
    const { release, ttl, maxBytes } = this.#options
    if (fate === 'free' || (fate === 'unknown' && release)) {
      this.#entries.delete(entry.key)
    } else {
      entry.fate = fate
      entry.until = this.#clock.now() + ttl
      if (fate === 'unknown') this.#unknown.add(entry)
      else this.#keep(entry, answer as StoredAnswer)
      while (this.#bytes > maxBytes && this.#evict()) {}
    }
    const { waiting } = entry
    entry.waiting = undefined
    if (waiting === undefined) return
    for (const asker of waiting) {
      this.#waitsFor.delete(asker)
      this.#wakeUp(asker, entry.key)
    }
  }

  #keep(entry: Entry, answer: StoredAnswer): void {
    entry.answer = answer
    this.#done.add(entry)
    this.#bytes += answer.bytes
  }

  /** In a microtask: whoever ends a request is in the midst of telling so, and shall not meet those who waited (G9). */
  #wakeUp(asker: Asker, key: string): void {
    this.#keys.set(asker, key)
    this.#woken.push(asker)
    if (this.#waking) return
    this.#waking = true
    queueMicrotask(this.#wake)
  }

  /** The root of what it starts (G6). Of those who waited for a key that is free now the first gets it. */
  #tell(): void {
    this.#waking = false
    for (const asker of this.#woken.splice(0)) {
      const key = this.#keys.get(asker)
      if (key === undefined) continue
      this.#keys.delete(asker)
      const look = this.look(key)
      if (look.found === 'in_flight') {
        this.wait(key, asker)
        continue
      }
      try {
        asker.told(look)
      } catch (error) {
        this.#events.defect('idempotency', error)
      }
    }
  }

  #evict(): boolean {
    for (const entry of this.#done) {
      this.#evicted++
      this.#forgetDone(entry)
      return true
    }
    return false
  }

  #forgetDone(entry: Entry): void {
    this.#done.delete(entry)
    this.#entries.delete(entry.key)
    this.#bytes -= (entry.answer as StoredAnswer).bytes
  }

  #sweep(): void {
    const now = this.#clock.now()
    for (const entry of this.#done) {
      if (entry.until > now) break
      this.#forgetDone(entry)
    }
    for (const entry of this.#unknown) {
      if (entry.until > now) break
      this.#unknown.delete(entry)
      this.#entries.delete(entry.key)
    }
  }

  snapshot(): IdempotencySnapshot {
    this.#sweep()
    const { service, policy } = this.#options
    const [done, unknown] = [this.#done.size, this.#unknown.size]
    const leased = this.#entries.size - done - unknown
    const counts = { leased, done, unknown, bytes: this.#bytes, evicted: this.#evicted }
    return { kind: 'idempotency', service, policy, store: 'memory', up: true, error: '', ...counts }
  }
}

class Entry implements Lease {
  readonly key: string
  readonly #store: MemoryStore
  /** Undefined while it is leased. */
  fate: 'done' | 'unknown' | undefined
  answer: StoredAnswer | undefined
  /** On the clock, ms; once its fate is known. */
  until: number
  waiting: Set<Asker> | undefined

  constructor(store: MemoryStore, key: string) {
    this.#store = store
    this.key = key
    this.fate = undefined
    this.answer = undefined
    this.until = 0
    this.waiting = undefined
  }

  settle(fate: Fate, answer: StoredAnswer | undefined): void {
    this.#store.settled(this, fate, answer)
  }
}
