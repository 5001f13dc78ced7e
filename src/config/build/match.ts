/** `match` of a policy. */
import type { RouteMatch } from '../model.ts'
import { parseServiceHost } from '../values/address.ts'
import { parseGrpcMethod } from '../values/grpc-method.ts'
import { type Parsed, unreadable } from '../values/parsed.ts'
import { parsePathPattern } from '../values/path-pattern.ts'
import { type Fields, fields, items, type WalkedDocument } from './document.ts'
import { checkHeaderNames } from './header-names.ts'
import type { Names } from './names.ts'

interface WalkedRoute {
  readonly path: string | undefined
  readonly grpc: string | undefined
  readonly methods: readonly string[] | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly stream: boolean | undefined
}

export function checkMatch(document: WalkedDocument, names: Names): void {
  const match = fields(document.value.match)
  checkDirection(document, match)
  const { service } = match
  const missing = typeof service === 'string' && service !== '*' ? names.missing('Service', service) : undefined
  if (missing !== undefined && match.direction !== 'inbound') {
    document.error('E040', document.valuePlace('match.service'), `there is no Service '${service}'${missing}`)
  }
  for (const [index, route] of items(match.routes).entries())
    checkRoute(document, `match.routes.${index}`, fields(route))
}

/** `service` tells outbound policies apart, `port` inbound ones. */
function checkDirection(document: WalkedDocument, match: Fields): void {
  const stated = document.placesBelow('match')
  if (match.direction === 'outbound' && !stated.has('service')) {
    const message = `'service' is missing in match: outbound, it must be the name of a Service, or "*" for all`
    document.error('E021', document.keyPlace('match'), message)
  }
  const wrong = match.direction === 'outbound' ? 'port' : match.direction === 'inbound' ? 'service' : ''
  if (stated.has(wrong)) {
    const right = wrong === 'port' ? 'inbound' : 'outbound'
    const message = `match.${wrong} is for ${right} policies only, and this one is ${match.direction}: leave it out`
    document.error('E043', document.keyPlace(`match.${wrong}`), message)
  }
}

function checkRoute(document: WalkedDocument, path: string, route: Fields): void {
  document.read(`${path}.path`, route.path, parsePathPattern)
  document.read(`${path}.grpc`, route.grpc, parseGrpcMethod)
  if (route.grpc !== undefined) checkGrpcAlone(document, path)
  checkHeaderNames(document, path, route)
  for (const [name, value] of Object.entries(fields(route.headers)))
    if (name.toLowerCase() === 'host') document.read(`${path}.headers.${name}`, value, parseOneHost)
}

/** Clients ask for one host, not for all that end alike. */
function parseOneHost(text: string): Parsed<string> {
  const host = parseServiceHost(text)
  return host.ok && !text.startsWith('*') ? host : unreadable('a host as clients ask for it, such as shop.test', '')
}

/** A gRPC method is its path, and POST. */
function checkGrpcAlone(document: WalkedDocument, path: string): void {
  const stated = document.placesBelow(path)
  for (const key of ['path', 'methods']) {
    if (!stated.has(key)) continue
    const message = `grpc stands instead of path and methods, found ${key} beside it: leave one of them out`
    document.error('E028', document.keyPlace(`${path}.${key}`), message)
  }
}

/** Of a sound document. */
export function buildRoutes(document: WalkedDocument): RouteMatch[] {
  const match = fields(document.value.match)
  return items(match.routes).map((item, index) => {
    const route = item as WalkedRoute
    return {
      path: route.path,
      grpc: route.grpc,
      methods: route.methods ?? [],
      headers: Object.entries(route.headers).map(([name, value]) => [name.toLowerCase(), value] as const),
      stream: route.stream,
      place: document.valuePlace(`match.routes.${index}`),
    }
  })
}
