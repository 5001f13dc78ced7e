/**
 * Which fields no table on the way may keep, so that nobody can guess at them by size (RFC 7541 §7.1). A peer says so of a
 * single field, and that holds for every hop behind us (§7.1.3). A list of fields has no room for it, so it is remembered
 * by name, for the whole process: more is kept out of tables than was asked for, never less.
 */

/** Of every peer, asked or not. */
const ALWAYS: readonly string[] = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'idempotency-key']

/** Bytes of names; a peer chooses them. */
const MAX_BYTES = 16 * 1024
/** What a name costs beside its text, bytes. */
const OVERHEAD = 64

export class SensitiveNames {
  readonly #names: Set<string>
  #bytes: number
  /** Grows with each name: who has seen this number knows them all. */
  version: number

  constructor() {
    this.#names = new Set(ALWAYS)
    this.#bytes = 0
    this.version = 0
  }

  /** A field of this name came never-indexed. */
  note(name: string): void {
    if (this.has(name)) return
    this.version++
    this.#bytes += name.length + OVERHEAD
    if (this.#bytes <= MAX_BYTES) this.#names.add(name)
  }

  /** Once there are more than are remembered it is true of every name: a longer block gives nothing away. */
  has(name: string): boolean {
    return this.#bytes > MAX_BYTES || this.#names.has(name)
  }
}

/** Those of this process. */
export const sensitive = new SensitiveNames()
