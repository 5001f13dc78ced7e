/** A destination: its endpoints, and which of them takes the next attempt. */
import { ProxyError } from '../core/errors.ts'
import type { Dispatch, RequestHead } from '../core/exchange.ts'
import type { Eligible } from '../core/policy.ts'
import { refuse } from '../core/refuse.ts'
import type { Via } from '../core/via.ts'
import type { Balancer } from './balance/balancer.ts'
import type { Endpoint } from './endpoint.ts'
import type { UpstreamContext } from './context.ts'

export interface Service {
  readonly name: string
  /** Those there are; replaced as a whole when discovery finds others. */
  endpoints: readonly Endpoint[]
  /** Those of them that may be picked; replaced as a whole when a health check changes its mind. */
  readonly ready: readonly Endpoint[]
  readonly balancer: Balancer
  close(): void
}

/**
 * The hop that gives an attempt its endpoint: one that every endpoint-scoped policy admits, one not tried before while
 * there is another. An attempt exists from here on.
 */
export function createPick(
  service: Service,
  tests: readonly Eligible[],
  context: UpstreamContext,
  via: Via,
  next: Dispatch,
): Dispatch {
  const { clock } = context
  return function pick(request, response) {
    const ready = service.ready
    const now = clock.now()
    let endpoint: Endpoint
    if (ready.length === 1 && tests.length === 0) endpoint = ready[0] as Endpoint
    else {
      const chosen = choose(service, tests, request, now)
      if (chosen instanceof ProxyError) return refuse(response, chosen)
      endpoint = chosen
    }
    assign(request, endpoint, now, via)
    return next(request, response)
  }
}

/** From here on there is an attempt. */
export function assign(request: RequestHead, endpoint: Endpoint, now: number, via: Via): void {
  const { exchange, attempt } = request
  const number = ++exchange.attempts
  attempt.endpoint = endpoint
  attempt.number = number
  attempt.startedAt = now
  attempt.fields.push('via', via.of(exchange.protocol), 'x-outrigger-attempt', number === 1 ? '1' : String(number))
  if (exchange.requestIdMade) attempt.fields.push('x-request-id', exchange.requestId)
  if (exchange.tried.length === 0) exchange.tried = [endpoint]
  else exchange.tried.push(endpoint)
}

function choose(
  service: Service,
  tests: readonly Eligible[],
  request: RequestHead,
  now: number,
): Endpoint | ProxyError {
  const { ready, balancer } = service
  const tried = request.exchange.tried
  if (tests.length === 0 && tried.length === 0 && ready.length > 0) return balancer.pick(ready, request, now)
  const again = wantedAgain(tests, ready, request)
  if (again !== undefined) return again
  const asked = preferred(tests, ready, request)
  if (asked !== undefined) return asked
  const untried: Endpoint[] = []
  const triedBefore: Endpoint[] = []
  let refusal: ProxyError | undefined
  let refuser: Eligible | undefined
  for (let i = 0; i < ready.length; i++) {
    const endpoint = ready[i] as Endpoint
    const against = refusing(tests, endpoint, request)
    if (against !== undefined) {
      // Whoever is full or open says more than that nobody is left.
      if (refusal === undefined || refusal.reason === 'no_endpoints') {
        refusal = against.refusal(endpoint)
        refuser = against
      }
    } else if (tried.length > 0 && tried.includes(endpoint)) triedBefore.push(endpoint)
    else untried.push(endpoint)
  }
  const candidates = untried.length > 0 ? untried : triedBefore
  if (candidates.length > 0) return balancer.pick(candidates, request, now)
  if (refusal === undefined) return new ProxyError('no_endpoints', 'proxy', 'no', whyNone(service))
  refuser?.refused?.(request, refusal)
  return refusal
}

function whyNone({ name, endpoints }: Service): string {
  if (endpoints.length === 0) return `service ${name} has no endpoint`
  return `every endpoint of service ${name} (${endpoints.length}) is unhealthy, say its health checks`
}

/** Who was asked already, and wants to be asked again in another version of HTTP. */
function wantedAgain(
  tests: readonly Eligible[],
  endpoints: readonly Endpoint[],
  request: RequestHead,
): Endpoint | undefined {
  const { exchange } = request
  if (exchange.tried.length !== 1) return undefined
  const [tried] = exchange.tried as Endpoint[]
  if (tried?.wantsAgain?.(exchange) !== true || !endpoints.includes(tried)) return undefined
  return refusing(tests, tried, request) === undefined ? tried : undefined
}

/** Whom a test wants to have this request, unless another is against it. Every test that prefers is told, each time. */
function preferred(
  tests: readonly Eligible[],
  endpoints: readonly Endpoint[],
  request: RequestHead,
): Endpoint | undefined {
  let found: Endpoint | undefined
  for (let i = 0; i < tests.length; i++) {
    const test = tests[i] as Eligible
    if (test.prefers === undefined) continue
    const endpoint = test.prefers(endpoints, request) as Endpoint | undefined
    if (endpoint !== undefined && refusing(tests, endpoint, request, test) === undefined) found = endpoint
  }
  return found
}

/** The first test that is against it; `but` is not asked. */
export function refusing(
  tests: readonly Eligible[],
  endpoint: Endpoint,
  request: RequestHead,
  but?: Eligible,
): Eligible | undefined {
  for (let i = 0; i < tests.length; i++) {
    const test = tests[i] as Eligible
    if (test !== but && !test.admits(endpoint, request)) return test
  }
  return undefined
}
