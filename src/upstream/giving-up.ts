/** When a connection of a pool is given up, in either version of HTTP. */
import { ProxyError } from '../core/errors.ts'
import type { UpstreamContext } from './context.ts'

/** ms between looks at connections that may be idle for too long, or too old. */
export const SWEEP = 1000
/** Of its age, the part a connection may be given up early, so that they do not all end at once. */
const AGE_JITTER = 0.1

/** From when on it takes no further request, ms on the clock. Drawn for each: those that were made together shall not end together. */
export function retireTime({ clock, random }: UpstreamContext, maxAge: number): number {
  return clock.now() + maxAge * (1 - AGE_JITTER * random.fraction())
}

/** The endpoint is gone: who waits for it goes elsewhere, at once and uncounted, for it is not about the request. */
export const TAKEN_AWAY: ProxyError = new ProxyError(
  'no_endpoints',
  'proxy',
  'unsent-reused',
  'the endpoint was taken away',
)
