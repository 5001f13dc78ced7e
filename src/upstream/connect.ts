/** A plain connection to an endpoint, made in one way for both versions of HTTP. */
import { connect, type Socket } from 'node:net'
import type { Reading } from '../net/shared-read.ts'
import type { UpstreamContext } from './context.ts'

/** ms of silence before the kernel asks whether the endpoint is there. */
const PROBE_AFTER = 60_000

/** `allowHalfOpen`: a FIN of the endpoint does not end what goes to it. What comes goes to `reading`. */
export function connectTo(
  host: string,
  port: number,
  { lookup }: UpstreamContext,
  allowHalfOpen: boolean,
  { onread }: Reading,
): Socket {
  return connect({
    host,
    port,
    lookup,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER,
    allowHalfOpen,
    onread,
  })
}
