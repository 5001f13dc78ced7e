/**
 * What V8 is told before it has done anything, for there is no flag in a `bin`.
 *
 * The young generation grows by what is in flight, not as V8 would have it, see src/core/young-generation.ts.
 *
 * A function is compiled with all optimizations after its thousandth call, and not twice, see docs/decisions/0090-compiled-once.md.
 * V8's own measures are those of a page that is left again: a quick compiler after 400 calls, the thorough one after 3000 more.
 *
 * So small a young generation is collected by one thread: to wake another costs more, see docs/decisions/0092-plain-fields.md.
 *
 * V8's own collections of calm do not take place: they throw optimized code away, and src/runtime/memory knows better when memory
 * is worth that, see docs/decisions/0094-code-outlives-a-calm.md.
 *
 * Only flags that V8 reads on the main thread may be set here: Node's own start may be on its way through a compiler thread, and
 * one that finds a flag changed between two looks ends the process.
 */
import { setFlagsFromString } from 'node:v8'
import { lookAtYoungGeneration } from '../src/core/young-generation.ts'

/** ms between two looks at the young generation. */
const LOOK = 1000

/** Older ones do not know all of these flags, and V8 complains of an unknown one on standard error. */
const KNOWS_ALL = Number.parseInt(process.versions.node, 10) >= 26

setFlagsFromString('--no-parallel-scavenge')
const NEWER = ['--no-maglev', '--invocation-count-for-turbofan=1000', '--memory-reducer-gc-count=0']
if (KNOWS_ALL) for (const flag of NEWER) setFlagsFromString(flag)
lookAtYoungGeneration()
setInterval(lookAtYoungGeneration, LOOK).unref()
