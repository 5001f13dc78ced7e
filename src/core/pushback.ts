/** How long an upstream asks us to stay away before the next attempt. */
import { get, type Headers } from './headers.ts'
import { retryAfter } from './retry-after.ts'

/** No further attempt is wanted at all. */
export const NEVER = Number.POSITIVE_INFINITY

const MOST_DIGITS = 10
const MOST = 0x7fff_ffff

/**
 * ms, or NEVER, or undefined where nothing is asked for. `fields` are those that say the outcome: of the head, or of a gRPC
 * call's trailers. `wallTime` in ms since 1970.
 */
export function pushbackIn(fields: Headers, grpc: boolean, wallTime: number): number | undefined {
  const exact = grpc ? get(fields, 'grpc-retry-pushback-ms') : undefined
  if (exact !== undefined) return grpcPushback(exact)
  const asked = get(fields, 'retry-after')
  const after = asked === undefined ? undefined : retryAfter(asked, wallTime)
  // A date that has passed, and 0, ask for nothing.
  return after === 0 ? undefined : after
}

/** Digits are a delay to the letter; a negative number, and what cannot be read, mean: not again (gRFC A6). */
function grpcPushback(value: string): number {
  if (value === '' || value.length > MOST_DIGITS) return NEVER
  let delay = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return NEVER
    delay = delay * 10 + digit
  }
  return delay > MOST ? NEVER : delay
}
