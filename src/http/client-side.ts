/** What a client side is made with and asks for, in whichever version of HTTP it speaks. */
import { type Headers, withoutOwnFields } from '../core/headers.ts'
import type { HeadLimits } from './server-side.ts'

/** The pool, as its connections see it. */
export interface ClientSideOwner {
  readonly limits: HeadLimits
  /** The peer runs one of us: what it says in fields of our own kind is passed on. */
  readonly believesPeer: boolean
  /** Something of ours threw. */
  defect(where: string, error: unknown): void
}

/** An upstream may say 100 and 103 more than once, but not for ever. */
export const MAX_INFORMATIONAL = 32

/** What of an answer's fields is passed on. `own`: some of them are of our own kind, which count only from one of us. */
export function believed(headers: Headers, own: boolean, owner: ClientSideOwner): Headers {
  return own && !owner.believesPeer ? withoutOwnFields(headers) : headers
}
