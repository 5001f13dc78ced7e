/** Chance, as a parameter: tests hand in a sequence of their own. */
import { openSync, readSync } from 'node:fs'

export interface Random {
  /** 0 ≤ x < 1. */
  fraction(): number
  /** 32 random bits as an unsigned integer. */
  word(): number
}

const POOL = 1024

/** Words from the system's generator, fetched 1 024 at a time: an id costs no call into native code. */
export function systemRandom(): Random {
  const words = new Uint32Array(POOL)
  const fill = systemGenerator()
  let next = POOL
  function word(): number {
    if (next === POOL) {
      fill(words)
      next = 0
    }
    return words[next++] as number
  }
  return { word, fraction: () => word() / 0x1_0000_0000 }
}

/** The kernel's file where there is one: `node:crypto` would hold 4 MB for a few ids. */
function systemGenerator(): (words: Uint32Array) => void {
  try {
    const file = openSync('/dev/urandom', 'r')
    return (words) => readSync(file, words)
  } catch {
    const { randomFillSync } = process.getBuiltinModule('node:crypto')
    return (words) => randomFillSync(words)
  }
}
