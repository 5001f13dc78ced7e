/** What a request is told whose connection to the upstream was lost, and so whether it may be sent again (policies.md 2.2). */
import { ProxyError } from '../core/errors.ts'
import { connectReason } from './connect-reason.ts'
import { lateRefusal } from './tls-failure.ts'

/** How far it had got. */
export interface LostRequest {
  /** Its connection was not made yet. */
  readonly connecting: boolean
  /** Nothing of it went out. */
  readonly unsent: boolean
  /** The upstream has said something on this connection: it has taken our certificate for good. */
  readonly accepted: boolean
  /** Its connection had served others before. */
  readonly reused: boolean
  /** The upstream has said something since it was sent. */
  readonly answering: boolean
  /** The head of its answer was passed up. */
  readonly headPassed: boolean
}

/** `error`: of the socket, if it had one; `cause`: what happened, for the log. */
export function lossOf(request: LostRequest, error: NodeJS.ErrnoException | undefined, cause: string): ProxyError {
  const { reused } = request
  if (request.connecting) return new ProxyError(connectReason(error), 'upstream', 'unsent', cause)
  const refusal = request.accepted ? undefined : lateRefusal(error)
  if (refusal !== undefined) return refusal
  if (request.unsent) return new ProxyError('upstream_reset', 'upstream', reused ? 'unsent-reused' : 'unsent', cause)
  if (request.headPassed) return new ProxyError('upstream_reset', 'upstream', 'no', cause)
  // The upstream may have given the connection up before this request reached it.
  const raced = reused && !request.answering
  return new ProxyError('upstream_reset', 'upstream', raced ? 'unanswered-reused' : 'unanswered', cause)
}
