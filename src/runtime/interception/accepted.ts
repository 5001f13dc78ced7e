/** A redirected connection that was just accepted, and the ways it may take at once. */
// cold file: once a connection
import type { Socket } from 'node:net'
import { ProxyError, type Reason } from '../../core/errors.ts'
import type { OpaqueWhy } from '../../core/opaque.ts'
import { OriginalDestination } from '../../core/original-destination.ts'
import { breakOff } from '../../net/encrypted.ts'
import type { Reading } from '../../net/shared-read.ts'
import type { Receiver } from '../../server/receiver.ts'
import type { Opaque } from '../../server/redirected.ts'

export type Direction = 'inbound' | 'outbound'

/** What a splice and a refusal need of whoever receives. */
export type Owner = Pick<Receiver, 'clock' | 'closed' | 'refusal' | 'defect'>

export interface Accepted {
  readonly socket: Socket
  readonly reading: Reading
  readonly owner: Owner
  readonly direction: Direction
  /** Where it was going, `host:port`. */
  readonly original: string
  /** On the clock, ms. */
  readonly at: number
}

/** Nobody looks at what it says. */
export function atOnce(why: OpaqueWhy): Opaque {
  return { why, serverName: '', first: undefined, ended: false, upstream: undefined }
}

/** REDIRECT leads to the address of the interface that the connection came in by, which in a pod is the one it was going to. */
export function mapped({ localAddress }: Socket, port: number): OriginalDestination | undefined {
  if (localAddress === undefined) return undefined
  return new OriginalDestination(localAddress.startsWith('::ffff:') ? localAddress.slice(7) : localAddress, port)
}

/** Reset by its client before it was taken, as probes of a port do it: nobody knows any more where it was going, and nobody asks. */
export function isGone({ remoteAddress }: Socket): boolean {
  return remoteAddress === undefined
}

/** Of one that is gone. */
export function leave(socket: Socket): undefined {
  socket.on('error', () => {})
  socket.destroy()
  return undefined
}

/** Reset, so that nobody takes it for an answer. */
export function refuse(
  socket: Socket,
  owner: Pick<Owner, 'refusal'>,
  reason: Reason,
  original: OriginalDestination | undefined,
): undefined {
  const cause = `a connection to ${original?.address ?? 'nowhere that is known'}`
  owner.refusal(new ProxyError(reason, 'downstream', 'no', cause))
  // A reset that meets another on its way is nothing to tell anybody.
  socket.on('error', () => {})
  breakOff(socket)
  return undefined
}
