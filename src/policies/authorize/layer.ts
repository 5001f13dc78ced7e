/** At the door: in, or away with a word why. Nothing is wrapped. */
import { ProxyError } from '../../core/errors.ts'
import type { Mode, PolicyEvents } from '../../core/events.ts'
import type { Layer, RequestHead } from '../../core/exchange.ts'
import { isAmbiguous } from '../../core/path-ambiguity.ts'
import { refuse } from '../../core/refuse.ts'
import type { AllowList, Verdict } from './decide.ts'

export interface AuthorizeParts {
  readonly allowed: AllowList
  /** The name of the policy, for the log. */
  readonly policy: string
  readonly events: PolicyEvents
  readonly mode: Mode
}

export function authorizeLayer({ allowed, policy, events, mode }: AuthorizeParts): Layer {
  return (next) => (request, response) => {
    const { exchange } = request
    const verdict = isAmbiguous(request.target)
      ? 'ambiguous_path'
      : allowed.judge(exchange.source, request.method, exchange.path)
    if (verdict === 'allowed') return next(request, response)
    events.decided(exchange, 'authorize', verdict, mode)
    return mode === 'enforce' ? refuse(response, refusal(verdict, request, policy)) : next(request, response)
  }
}

const AMBIGUOUS = new ProxyError(
  'protocol_error_downstream',
  'downstream',
  'no',
  'where access hangs on the path, one that may be read in two ways is refused',
)

/** RFC 9110 §15.5.2 asks for a challenge with every 401; ours says only that it is the caller's address or name that counts. */
const CHALLENGE = ['www-authenticate', 'outrigger-source']

function refusal(
  verdict: Exclude<Verdict, 'allowed'> | 'ambiguous_path',
  request: RequestHead,
  policy: string,
): ProxyError {
  if (verdict === 'ambiguous_path') return AMBIGUOUS
  const { source } = request.exchange
  const who = source === '' ? 'a caller that is no source' : source
  const cause = `policy ${policy} does not allow it to ${who}`
  if (verdict === 'denied') return new ProxyError('denied', 'downstream', 'no', cause)
  return new ProxyError('unauthorized', 'downstream', 'no', cause, 0, -1, CHALLENGE)
}
