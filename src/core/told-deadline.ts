/**
 * What a sidecar tells the next hop of its time, and believes of one before it (docs/decisions/0091-the-deadline-that-is-told.md).
 *
 * `x-outrigger-timeout-ms`: what is left for this attempt. It bounds the whole request, unless `x-outrigger-deadline-ms` is beside it: then
 * that does, and the first one ends with the head. Both are whole ms.
 */
import { readCount } from './count.ts'

/** In `x-outrigger-deadline-ms`: there is no deadline. */
const NONE = 'none'

/** Adds the fields of an attempt that has `bound` ms left, of a request that has `deadline`; Infinity: there is no bound. */
export function tellDeadline(fields: string[], bound: number, deadline: number): void {
  if (bound === Number.POSITIVE_INFINITY) return
  fields.push('x-outrigger-timeout-ms', inMs(bound))
  if (deadline > bound)
    fields.push('x-outrigger-deadline-ms', deadline === Number.POSITIVE_INFINITY ? NONE : inMs(deadline))
}

/** The ms that these two fields give a whole request, '' for one that is not there; -1: they do not bound it. */
export function toldDeadline(timeout: string, deadline: string): number {
  if (deadline === NONE) return -1
  const stated = readMs(deadline)
  return stated < 0 ? readMs(timeout) : stated
}

/** Rounded down, so that the next hop gives up before us, and at least one. */
function inMs(left: number): string {
  return left < 1 ? '1' : String(Math.floor(left))
}

/** A count of ms; anything else is no deadline. */
function readMs(value: string): number {
  return readCount(value, 9)
}
