/**
 * Pieces of bodies die young, and V8 does not see it: what they are made of lies outside of its heap, so that the few bytes
 * of each on it fill the young generation only after a hundred megabytes; long before, the sheer size makes V8 mark the whole
 * heap, again and again. Here the young generation is collected once so many bytes of pieces were made, which frees them
 * and costs a tenth.
 */
import { collectYoung } from '../core/garbage.ts'

/** Bytes of pieces between two collections. V8 begins to mark at a few times as much. */
const ENOUGH = 4 * 1024 * 1024
/**
 * The same while V8 marks, which a collection would end. At full speed bodies over HTTP/1.1 would come to 50 MiB in that time and the turn in
 * which Node tells of its end, and V8 would begin to mark anew for them.
 */
const MOST = 2 * ENOUGH

let made = 0
/** Bytes at which the next collection is due. */
let due = ENOUGH

/** `bytes` outside of V8's heap were just made. */
export function madeBytes(bytes: number): void {
  made += bytes
  if (made < due) return
  if (collectYoung(made >= MOST)) {
    made = 0
    due = ENOUGH
  } else due = MOST
}
