/** The hop that finds a request's route: host to service, path to route. Nothing found is `route_not_found`. */
import { ProxyError } from '../core/errors.ts'
import type { Dispatch, RequestHead, ResponseHandler, RouteInfo } from '../core/exchange.ts'
import { isAmbiguous, otherReadings } from '../core/path-ambiguity.ts'
import { refuse } from '../core/refuse.ts'
import type { Headers } from '../core/headers.ts'
import { normalisePath } from '../core/path.ts'

export interface Routed {
  readonly info: RouteInfo
  /** ms from the request's start; Infinity without a bound. */
  readonly requestTimeout: number
  /** It is asked who may ask. */
  readonly guarded: boolean
  readonly dispatch: Dispatch
}

/** The routes of one destination. */
export interface Routes {
  find(method: string, path: string, headers: Headers, authority: string): Routed
}

/** Outbound: by what the client calls the service. `unknown` takes what nobody claims. */
export function routeByHost(lookup: (authority: string) => Routes | undefined, unknown: Routed | undefined): Dispatch {
  return function byHost(request, response) {
    const { authority, exchange } = request
    // Who names no host, as HTTP/1.0 need not, means whom its redirected connection was going to.
    const routes = lookup(authority === '' && exchange.original !== undefined ? exchange.original.address : authority)
    if (routes !== undefined) return follow(routes, request, response)
    if (unknown !== undefined) return enter(unknown, '', request, response)
    const cause = `no service answers to host '${request.authority}'`
    return refuse(response, new ProxyError('route_not_found', 'downstream', 'no', cause))
  }
}

/** Inbound: whatever the client calls us, it means our application. `guarded`: some of the routes are. */
export function routeToApplication(routes: Routes, guarded: boolean): Dispatch {
  return function toApplication(request, response) {
    if (request.method === 'CONNECT') {
      return refuse(response, new ProxyError('route_not_found', 'downstream', 'no', 'CONNECT to an application'))
    }
    if (guarded && isAmbiguous(request.target) && slipsPast(routes, request)) return refuse(response, SLIPS)
    return follow(routes, request, response)
  }
}

const SLIPS = new ProxyError(
  'protocol_error_downstream',
  'downstream',
  'no',
  'read another way the path falls under authorize, and as we read it it does not',
)

/** The application may take the path for one of a guarded route, though we do not. What is guarded anyway sees to itself. */
function slipsPast(routes: Routes, { method, target, headers, authority }: RequestHead): boolean {
  const path = normalisePath(target)
  if (path === undefined || routes.find(method, path, headers, authority).guarded) return false
  const readings = otherReadings(target)
  for (let i = 0; i < readings.length; i++) {
    const reading = readings[i] as string
    if (reading === '' || routes.find(method, reading, headers, authority).guarded) return true
  }
  return false
}

/** To one service, whatever the client calls it. */
export function routeToService(routes: () => Routes): Dispatch {
  return function toService(request, response) {
    return follow(routes(), request, response)
  }
}

/** Says whose a tunnel is that is answered before it goes anywhere: what is counted of it, and its line in the log, name its Service. */
export function nameTunnel(routes: Routes, { method, headers, authority, exchange }: RequestHead): void {
  exchange.route = routes.find(method, TUNNEL, headers, authority).info
  exchange.path = TUNNEL
}

/** A tunnel has no path; it meets what holds for every request of the service. */
const TUNNEL = '/'

function follow(routes: Routes, request: RequestHead, response: ResponseHandler) {
  const path = request.method === 'CONNECT' ? TUNNEL : normalisePath(request.target)
  if (path === undefined) {
    const cause = 'the target climbs above the root or holds a character it may not hold'
    return refuse(response, new ProxyError('protocol_error_downstream', 'downstream', 'no', cause))
  }
  const { method, headers, authority } = request
  return enter(routes.find(method, path, headers, authority), path, request, response)
}

function enter(route: Routed, path: string, request: RequestHead, response: ResponseHandler) {
  const exchange = request.exchange
  const own = exchange.startedAt + route.requestTimeout
  exchange.route = route.info
  exchange.path = path
  exchange.deadline = own < exchange.callerDeadline ? own : exchange.callerDeadline
  return route.dispatch(request, response)
}
