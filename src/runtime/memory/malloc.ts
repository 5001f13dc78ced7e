/**
 * `malloc_trim` of glibc: hands pages back that lie free between those in use. glibc itself only gives up the end of its heap,
 * and one small piece there keeps tens of megabytes. Where it cannot be called (older Node, another C library) nothing is trimmed.
 */
import { foreign } from './foreign.ts'

/** Returns a function that does nothing where there is no `malloc_trim`. */
export function trimmer(): () => void {
  const trim = foreign('malloc_trim', { arguments: ['u64'], return: 'i32' })
  return trim === undefined ? () => {} : () => void trim(0n)
}
