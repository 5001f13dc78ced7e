/** A connection, as the frames that come on it see it: whom they may tell, and what they may ask. */
import type { HeadLimits } from '../http/server-side.ts'
import type { Violation } from '../http/violation.ts'
import type { Patience } from './patience.ts'
import type { ReadTurns } from './read-turns.ts'
import type { Stream } from './stream.ts'
import type { OpenStream, StreamOwner } from './stream-owner.ts'
import type { StreamTable } from './stream-table.ts'
import type { Vigil } from './vigil.ts'

export interface Connection extends StreamOwner {
  readonly limits: HeadLimits
  /** Open streams: those that a frame may still come or go for. */
  readonly streams: StreamTable
  readonly patience: Patience
  readonly turns: ReadTurns
  readonly vigil: Vigil
  sendWindow: number
  /** Nothing is read any more. */
  readonly closed: boolean

  // What a server and a client answer each in its way.

  /** A whole header block for stream `id`; to be read, for HPACK's sake, also where nobody wants it. */
  headers(id: number, endStream: boolean, block: Buffer, from: number, to: number): void
  /** No frame of this stream has come or gone: one for it ends the connection (§5.1). */
  isIdle(id: number): boolean
  goneAway(lastId: number, code: number, debug: string): void
  settingsChanged(): void
  /** The peer confirmed ours. */
  settingsConfirmed(): void
  /** The PING that followed our first GOAWAY was answered. */
  drainAnswered(): void
  /** The peer opened this stream and resets it before it can have been of use to anybody. */
  isThrownAway(stream: Stream): boolean

  // The end of a stream.

  /** Over in both directions. */
  forget(stream: OpenStream): void
  /** Behind a GOAWAY of the last kind there is nothing to reset any more. */
  writeReset(id: number, code: number): void
  /** We reset this stream, and the peer may not know. */
  wasReset(id: number): boolean

  /** The peer has ended a stream of which nobody hears any more. */
  endedUnheard(id: number): void
  /** The peer resets a stream that is over; whether that may have crossed a reset of ours. */
  crossed(id: number): boolean

  // The end of the connection.

  /** Takes tokens for something that moves nothing; false when the peer is a flood, and the connection ended. */
  calm(cost: number, what: string): boolean
  /** The same for a stream that is thrown away. */
  calmResets(what: string): void
  flooded(what: string): void
  /** A peer that breaks no rule and overdoes it (§10.5). */
  tooMuch(how: Violation, cause: string): void
  /** §5.4.1: GOAWAY, and what was written still goes out. */
  connectionError(code: number, cause: string): void
}
