/**
 * Which fields no table on the way may keep, so that nobody can guess at them by size (RFC 7541 §7.1). A peer says so of a
 * single field, and that holds for every hop behind us (§7.1.3). A list of fields has no room for it, so it is remembered
 * by name, by the whole process and for a minute at least: more is kept out of tables than was asked for, never less.
 */
import { machineTime } from '../../core/clock.ts'

/** Of every peer, asked or not. */
const ALWAYS: readonly string[] = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'idempotency-key']

/** Bytes of names; a peer chooses them. */
const MAX_BYTES = 16 * 1024
/** What a name costs beside its text, bytes. */
const OVERHEAD = 64
/** ms after the last name that found no room, in which its field has gone on. */
const QUIET = 60_000

export class SensitiveNames {
  readonly #now: () => number
  #names: Set<string>
  /** Those before it was begun anew: fields of theirs may still be under way. */
  #before: Set<string>
  #bytes: number
  /** When a name found no room last; -Infinity: all are remembered. */
  #fullAt: number
  #version: number

  /** `now`: monotonic, ms. */
  constructor(now: () => number = machineTime) {
    this.#now = now
    this.#names = new Set(ALWAYS)
    this.#before = new Set()
    this.#bytes = 0
    this.#fullAt = Number.NEGATIVE_INFINITY
    this.#version = 0
  }

  /** Grows with each change: who has seen this number knows them all. */
  get version(): number {
    if (this.#fullAt !== Number.NEGATIVE_INFINITY && this.#now() - this.#fullAt >= QUIET) this.#beginAnew()
    return this.#version
  }

  /** A field of this name came never-indexed. */
  note(name: string): void {
    if (this.#names.has(name)) return
    const full = this.#fullAt !== Number.NEGATIVE_INFINITY
    if (full || this.#bytes + name.length + OVERHEAD > MAX_BYTES) {
      this.#fullAt = this.#now()
      if (!full) this.#version++
      return
    }
    this.#version++
    this.#bytes += name.length + OVERHEAD
    this.#names.add(name)
  }

  /** Once there are more than are remembered it is true of every name, for a while: a longer block gives nothing away. */
  has(name: string): boolean {
    return this.#fullAt !== Number.NEGATIVE_INFINITY || this.#names.has(name) || this.#before.has(name)
  }

  /** Whoever filled it does so no more. Names that are in use come again with their fields. */
  #beginAnew(): void {
    this.#before = this.#names
    this.#names = new Set(ALWAYS)
    this.#bytes = 0
    this.#fullAt = Number.NEGATIVE_INFINITY
    this.#version++
  }
}

/** Those of this process. */
export const sensitive = new SensitiveNames()
