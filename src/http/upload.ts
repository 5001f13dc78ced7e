/** What a client may take for the body of its request, in either version of HTTP: so many bytes, and not for ever. */
import { ProxyError } from '../core/errors.ts'
import type { ServerLimits } from './server-side.ts'

/** A body of known length that moves less than this in one `headTimeout` is a client that dribbles, bytes. */
export const MIN_PROGRESS = 256

export function tooLarge(limits: ServerLimits): ProxyError {
  return new ProxyError('payload_too_large', 'downstream', 'no', `more than ${limits.maxRequestBytes} bytes`)
}

export function tooSlow(limits: ServerLimits): ProxyError {
  const cause = `less than ${MIN_PROGRESS} bytes in ${limits.headTimeout} ms`
  return new ProxyError('body_timeout', 'downstream', 'no', cause)
}
