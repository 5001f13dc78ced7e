/** What is refused, as values that all who are refused share. */
import { ProxyError, type Reason } from '../../core/errors.ts'

/** s, for `Retry-After`: what is in flight now will not be for long. */
const SOON = 1

function refusal(reason: Reason, cause: string, retryAfter = 0): ProxyError {
  return new ProxyError(reason, 'proxy', 'no', cause, retryAfter)
}

export const MISSING_ERROR = refusal('idempotency_missing', 'the policy asks for a key, and there is none')
export const MALFORMED_ERROR = refusal('idempotency_missing', 'the key is not one string of at most 255 characters')
export const IN_FLIGHT_ERROR = refusal('idempotency_in_flight', 'another request has this key', SOON)
export const MISMATCH_ERROR = refusal('idempotency_mismatch', 'the key was used for another request')
export const UNKNOWN_ERROR = refusal(
  'idempotency_unknown',
  'an earlier request with this key may have been carried out',
)
export const UNAVAILABLE_ERROR = refusal('idempotency_store_unavailable', 'the store of keys does not answer', SOON)

/** Its answer was at hand, and its body did not come. */
export const STALLED = new ProxyError(
  'stream_idle_timeout',
  'downstream',
  'no',
  'the rest of a repeated request did not come',
)

/** For what was dispatched when its asker had just left. */
export const LEFT = new ProxyError(
  'client_cancelled',
  'downstream',
  'no',
  'the caller left while its request was being sent',
)
