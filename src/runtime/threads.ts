/**
 * Who goes first on a core: the thread that serves. V8 has four beside it, which compile what is called often and mark what is alive. Where all have one
 * core, as in a sidecar with a CPU, a request waits while each of them runs for its slice of 3 ms (docs/decisions/0100-the-serving-thread-first.md).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'
import { join } from 'node:path'

const THREADS = '/proc/self/task'
/** As Node names them, from 24 on. */
const OF_V8 = 'V8Worker'
/**
 * Steps of `nice`, each a fifth less: a third of the serving thread's weight. With ten or more they get next to nothing beside it, and under full load it would
 * run code that nobody has compiled for tens of thousands of requests.
 */
const STEPS = 5

/** Lowers the priority of V8's threads, where the kernel is Linux and lets it: that needs no right. Elsewhere nothing is done. */
export function serveFirst(): void {
  try {
    const lower = Math.min(getPriority() + STEPS, constants.priority.PRIORITY_LOW)
    for (const thread of readdirSync(THREADS))
      if (readFileSync(join(THREADS, thread, 'comm'), 'utf8').includes(OF_V8)) setPriority(Number(thread), lower)
  } catch {
    // No /proc, or a thread that has just ended. It works without, as it did before.
  }
}
