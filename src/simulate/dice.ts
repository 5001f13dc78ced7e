/** Chance that can be had again: of a seed, and of what it is asked about. */
import type { Random } from '../core/random.ts'

/** Mulberry32: 32 bits of state, the same numbers on every machine. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  fraction(): number {
    return this.word() / 0x1_0000_0000
  }
}

/**
 * Dice of their own for each question. What an upstream does with the third attempt of request 17 is the same whatever
 * was asked before and in between, so two policies meet the same luck and their difference is theirs alone (common random
 * numbers).
 */
export function diceFor(...question: readonly number[]): Random {
  let hash = 0x811c9dc5
  for (const part of question) {
    hash = Math.imul(hash ^ (part >>> 0), 0x85ebca6b)
    hash ^= hash >>> 13
    hash = Math.imul(hash, 0xc2b2ae35)
    hash ^= hash >>> 16
  }
  return new SeededRandom(hash)
}

/** A number for a text, to ask with (FNV-1a). */
export function numberOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
