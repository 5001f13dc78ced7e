/**
 * Pieces of bodies die young, and V8 does not see it: what they are made of lies outside of its heap, so that the few bytes
 * of each on it fill the young generation only after a hundred megabytes; long before, the sheer size makes V8 mark the whole
 * heap, again and again. Here the young generation is collected once so many bytes of pieces were made, which frees them
 * and costs a tenth.
 */
import { collectYoung } from '../core/garbage.ts'

/** Bytes of pieces between two collections. V8 begins to mark at a few times as much. */
const ENOUGH = 4 * 1024 * 1024

let made = 0

/** `bytes` outside of V8's heap were just made. */
export function madeBytes(bytes: number): void {
  made += bytes
  if (made < ENOUGH) return
  made = 0
  collectYoung()
}
