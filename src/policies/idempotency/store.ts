/** Where keys are kept: what is asked of it, whether it answers at once (memory) or later (Redis). */
import type { Observable } from '../../core/events.ts'
import type { StoredAnswer } from './answer.ts'
import type { Fate } from './decide.ts'

/** A key that is ours until we say what became of it. */
export interface Lease {
  /** Once. `answer` where the fate is `done`. */
  settle(fate: Fate, answer: StoredAnswer | undefined): void
}

/**
 * What a store says of a key. `leased`: it was free and is ours now. `in_flight`: somebody else's. `full`: there is no room for
 * another key. `failed`: the store does not answer.
 */
export type Look =
  | { readonly found: 'leased'; readonly lease: Lease }
  | { readonly found: 'done'; readonly answer: StoredAnswer }
  | { readonly found: 'in_flight' | 'unknown' | 'full' | 'failed' }

export const IN_FLIGHT: Look = { found: 'in_flight' }
export const UNKNOWN: Look = { found: 'unknown' }
export const FULL: Look = { found: 'full' }
export const FAILED: Look = { found: 'failed' }

export interface Asker {
  told(look: Look): void
}

/** Memory: a new key needs nobody who waits for an answer. */
export interface StoreAtOnce extends Waited {
  readonly atOnce: true
  look(key: string): Look
}

export interface StoreLater extends Waited {
  readonly atOnce: false
  /** `asker.told` is called later, once. `asker` asks one thing at a time. */
  acquire(key: string, asker: Asker): void
}

export type Store = StoreAtOnce | StoreLater

interface Waited extends Observable {
  /** Of a key that is in flight: `asker.told` is called once it is not any more, in a turn of its own. */
  wait(key: string, asker: Asker): void
  /** `asker` is told nothing more. */
  forget(asker: Asker): void
}
