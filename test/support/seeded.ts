/** Chance that can be had again: the same seed gives the same sequence. */
import type { Random } from '../../src/core/random.ts'

/** Mulberry32: 32 bits of state, good enough to choose test cases by. */
export class Seeded implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  fraction(): number {
    return this.word() / 0x1_0000_0000
  }

  /** 0 ≤ n < below. */
  int(below: number): number {
    return Math.floor(this.fraction() * below)
  }

  /** from ≤ n ≤ to. */
  between(from: number, to: number): number {
    return from + this.int(to - from + 1)
  }

  chance(p: number): boolean {
    return this.fraction() < p
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)] as T
  }
}
