/** How a stream and its connection know each other: neither needs to see the other's class. */
import type { Clock } from '../core/clock.ts'
import type { Outbox } from '../net/outbox.ts'
import type { FrameOwner, FrameWriter } from './frame-writer.ts'
import type { PeerSettings } from './peer-settings.ts'
import type { ReceiveWindow } from './receive-window.ts'
import type { WaitingStream, WaitingStreams } from './waiting-streams.ts'

/** A stream, as the connection sees it that ends it. */
export interface OpenStream extends FrameOwner, WaitingStream {
  /** Called once, when it is forgotten. */
  close(): void
  /** Nothing comes any more: the peer reset the stream or the connection is lost, or (`byPeer` false) we had to reset it. */
  onReset(code: number, cause: string, byPeer: boolean): void
}

/** The connection, as its streams see it. */
export interface StreamOwner {
  readonly clock: Clock
  readonly outbox: Outbox
  readonly out: FrameWriter
  readonly peer: PeerSettings
  /** What the peer may send, all streams together. */
  readonly window: ReceiveWindow
  readonly waiting: WaitingStreams
  /** What we may send, all streams together. */
  readonly sendWindow: number
  /** The socket takes nothing at the moment. */
  readonly full: boolean
  /** `chunk` from `from` to `to`: at most what the windows and a frame allow. */
  writeData(stream: OpenStream, chunk: Buffer, from: number, to: number): void
  /** Bytes that were held for a paused stream are held no more. */
  release(bytes: number): void
  /** §5.4.2. `cause` '' where nobody is to blame. */
  resetStream(stream: OpenStream, code: number, cause: string): void
  /** A message that breaks the rules (§8.1.1). */
  malformed(stream: OpenStream, cause: string): void
}
