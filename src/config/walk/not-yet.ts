/** Known to the format, built by a later version: refused, never ignored. */
import type { Place } from '../model.ts'
import { type At, label, type WalkContext } from './context.ts'

/** `what`: the word that stands there, or the key itself. */
export function notYet(place: Place, what: string, at: At, context: WalkContext): undefined {
  const subject = what === label(at) ? what : `${label(at)}: ${what}`
  return context.error('E029', place, `${subject} is not supported yet by this version: leave it out`)
}
