/** Garbage collected when we say so, where we know better than V8 that it is time. */
import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'

type Collector = (options: { type: 'minor' | 'major'; flavor?: 'last-resort' }) => void

let collector: Collector | undefined

/** The young generation: below 1 ms. */
export function collectYoung(): void {
  collector ??= find()
  collector({ type: 'minor' })
}

/** Everything: about 7 ms for a heap of 10 MB. */
export function collectAll(): void {
  collector ??= find()
  collector({ type: 'major' })
}

/** Everything, as if memory had run out: V8 gives up pages and code that it would keep for later. About 25 ms. */
export function collectHard(): void {
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
