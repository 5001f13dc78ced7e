/** Garbage collected when we say so, where we know better than V8 that it is time. */
import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import { marking } from './marking.ts'

type Collector = (options: { type: 'minor' | 'major'; flavor?: 'last-resort' }) => void

/** The young generation alone. */
const YOUNG = { type: 'minor' } as const

let collector: Collector | undefined

const keepers: (() => void)[] = []

/** `letGo` is called before everything is collected: what is kept at hand for the next load goes, too. */
export function beforeCollection(letGo: () => void): void {
  keepers.push(letGo)
}

function letAllGo(): void {
  for (const letGo of keepers) letGo()
}

/**
 * The young generation: below 1 ms. Not while V8 marks the whole heap, unless it is `urgent`: a small collection ends that at once, in 15 ms
 * of one step, and throws optimized code away, as `collectSoon` has it. Returns whether it took place.
 */
export function collectYoung(urgent: boolean): boolean {
  if (marking() && !urgent) return false
  collector ??= find()
  collector(YOUNG)
  return true
}

/**
 * Everything, soon: V8 marks while the event loop runs and other threads help it, and is done some 30 ms later; of the event loop
 * it takes about 6 ms, in pieces. Code stays as fast as it was.
 *
 * `gc({ type: 'major' })` would be simpler, and throws optimized code away: it looks at which hidden classes are worth keeping
 * before it has found their constructors, takes all that have no object now for unused, and with them goes the code for them.
 * A marking that V8 itself begins keeps them for two collections. It begins one when the old generation has come near its limit,
 * which is what it is told here for the length of one small collection.
 */
export function collectSoon(): void {
  letAllGo()
  if (marking()) return
  collector ??= find()
  // Once more before the flag is set: what the first call allocates among old objects would begin the marking then, and a small
  // collection during a marking ends it at once.
  collector(YOUNG)
  setFlagsFromString('--incremental-marking-hard-trigger=1')
  collector(YOUNG)
  setFlagsFromString('--incremental-marking-hard-trigger=0')
}

/**
 * Everything, at once and as if memory had run out: V8 gives up pages that it would keep for later, and most of its optimized
 * code. About 25 ms, and a second of half the speed once there is load again.
 */
export function collectHard(): void {
  letAllGo()
  collector ??= find()
  collector({ type: 'major', flavor: 'last-resort' })
}

/** Looked for when it is first needed: a context of its own is the only place where a running process can get at it. */
function find(): Collector {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as Collector | undefined
  setFlagsFromString('--no-expose-gc')
  return gc ?? (() => {})
}
