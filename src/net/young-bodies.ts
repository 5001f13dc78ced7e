/**
 * Pieces of bodies die young, and V8 does not see it: what they are made of lies outside of its heap, so that the few bytes
 * of each on it fill the young generation only after a hundred megabytes; long before, the sheer size makes V8 mark the whole
 * heap, again and again. Here the young generation is collected once so many bytes of pieces were made, which frees them
 * and costs a tenth.
 */
import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'

/** Bytes of pieces between two collections. V8 begins to mark at a few times as much. */
const ENOUGH = 4 * 1024 * 1024

let made = 0
let collect: (() => void) | undefined

/** `bytes` outside of V8's heap were just made. */
export function madeBytes(bytes: number): void {
  made += bytes
  if (made >= ENOUGH) collectYoung()
}

function collectYoung(): void {
  made = 0
  collect ??= collector()
  collect()
}

/** Looked for when it is first needed: a context of its own is the only place where a running process can get at it. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as ((options: { type: 'minor' }) => void) | undefined
  setFlagsFromString('--no-expose-gc')
  return gc === undefined ? () => {} : () => gc({ type: 'minor' })
}
