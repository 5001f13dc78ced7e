/** Config → Runtime: everything that a request will meet, found before it comes. */
import type { BlockStatement, Config, ServiceDocument, SidecarDocument } from '../config/model.ts'
import { ProxyError } from '../core/errors.ts'
import type { Dispatch, Layer, RouteInfo } from '../core/exchange.ts'
import { refuse } from '../core/refuse.ts'
import type { Via } from '../core/via.ts'
import { HostTable } from '../routing/hosts.ts'
import { nameTunnel, routeByHost, type Routes, routeToApplication, routeToService } from '../routing/router.ts'
import { type Destination, rulesFor } from '../routing/rule.ts'
import { RouteTable } from '../routing/table.ts'
import { resolve } from '../routing/resolve.ts'
import { toEndpoint } from '../upstream/endpoint.ts'
import { createOriginalPick, OriginalService } from '../upstream/original-service.ts'
import type { Passthrough } from '../upstream/passthrough.ts'
import type { UpstreamContext } from '../upstream/context.ts'
import { createPick, type Service } from '../upstream/service.ts'
import { opaqueRules } from './interception/opaque-rules.ts'
import type { Services } from './services.ts'
import { compileRoute, fingerprint, type Route, type StackContext, statementName } from './stack.ts'

/** Immutable; a reload makes another and swaps the reference. */
export interface Runtime {
  readonly config: Config
  /** By the order of `sidecar.inbound`. */
  readonly inbound: readonly Dispatch[]
  readonly outbound: Dispatch
  /** By Service: what is sent in a tunnel to it. Of those without policies too, for a tunnel may be older than their removal. */
  readonly inside: ReadonlyMap<string, Dispatch>
  /** Statement → fingerprint of each block that may hold state. */
  readonly statements: ReadonlyMap<string, string>
}

/** Where the endpoints of a destination are found: of sockets, or simulated ones. */
export type ServiceSource = Pick<Services, 'service' | 'application'>

export interface CompileContext extends StackContext {
  readonly upstream: UpstreamContext
  readonly services: ServiceSource
  readonly passthrough: Pick<Passthrough, 'pick'>
  /** What this instance adds to Via. */
  readonly via: Via
  /** Telemetry and rescue, outside of every route. */
  readonly outermost: Layer
  /** Looks into what is sent in a tunnel to this Service; left out: nobody does. */
  readonly lookInside?: (service: string) => Layer
}

/** Services have to be updated before. */
export function compile(config: Config, context: CompileContext): Runtime {
  const { sidecar } = config
  const byName = new Map<string, Routes>()
  const found = (name: string) => routeToService(() => byName.get(name) as Routes)
  const within: CompileContext = { ...context, toService: found }
  for (const { name } of config.services) {
    const to: Destination = { direction: 'outbound', service: name, workload: sidecar.name, port: undefined }
    byName.set(name, routesOf(config, to, context.services.service(name), within))
  }
  return {
    config,
    inbound: sidecar.inbound.map((entry) => {
      const service = context.services.application(entry)
      const toPort = (port: number | undefined) => inboundRouter(config, service, port, within)
      return context.outermost(entry.app === 'original' ? byOriginalPort(config, toPort) : toPort(entry.app.port))
    }),
    outbound: context.outermost(outboundRouter(config, byName, within)),
    inside: new Map(config.services.map(({ name }) => [name, context.outermost(insideTunnel(found(name)))])),
    statements: statementsOf(config),
  }
}

function inboundRouter(config: Config, service: Service, port: number | undefined, context: CompileContext): Dispatch {
  const { name } = config.sidecar
  const to: Destination = { direction: 'inbound', service: name, workload: name, port }
  return routeToApplication(routesOf(config, to, service, context), asksWho(config, to))
}

/** Ports that policies name have routes of their own; what holds for every other port is the same for all of them. */
function byOriginalPort(config: Config, toPort: (port: number | undefined) => Dispatch): Dispatch {
  const named = config.policies.flatMap(({ direction, port }) => (direction === 'inbound' && port ? [port] : []))
  const routers = new Map([...new Set(named)].map((port) => [port, toPort(port)]))
  const others = toPort(undefined)
  return function byPort(request, response) {
    const original = request.exchange.original
    const router = original === undefined ? undefined : routers.get(original.port)
    return router === undefined ? others(request, response) : router(request, response)
  }
}

function outboundRouter(config: Config, byName: ReadonlyMap<string, Routes>, context: CompileContext): Dispatch {
  const hosts = new HostTable<Routes>(80)
  for (const { name, hosts: names } of config.services) {
    for (const host of names) hosts.add(host, byName.get(name) as Routes)
  }
  const unknown = config.sidecar.outbound?.unknownHosts === 'passthrough' ? passThrough(context) : undefined
  const byHost = routeByHost((authority) => hosts.lookup(authority), unknown)
  const { lookInside } = context
  const guarded = guardedServices(config)
  if (lookInside === undefined || guarded.length === 0) return byHost
  const looking = new Map(guarded.map((name) => [byName.get(name) as Routes, lookInside(name)(byHost)]))
  return function connectOrByHost(request, response) {
    if (request.method !== 'CONNECT') return byHost(request, response)
    const routes = hosts.lookup(request.authority)
    const dispatch = routes === undefined ? undefined : looking.get(routes)
    if (routes === undefined || dispatch === undefined) return byHost(request, response)
    nameTunnel(routes, request)
    return dispatch(request, response)
  }
}

/** Services whose policies a tunnel of bytes would get round. */
function guardedServices({ services, policies, sidecar }: Config): string[] {
  const names = services.map(({ name }) => name)
  const to = (service: string) => ({ direction: 'outbound', service, workload: sidecar.name, port: undefined }) as const
  return names.filter((name) => opaqueRules(policies, to(name)).guarded)
}

/** A tunnel in a tunnel would be the way round that the outer one is not. */
function insideTunnel(toService: Dispatch): Dispatch {
  return (request, response) =>
    request.method === 'CONNECT' ? refuse(response, TUNNEL_IN_TUNNEL) : toService(request, response)
}

const TUNNEL_IN_TUNNEL = new ProxyError('route_not_found', 'downstream', 'no', 'CONNECT inside of a tunnel')

function routesOf(config: Config, to: Destination, service: Service, context: CompileContext): Routes {
  const rules = rulesFor<BlockStatement>(config.policies, to)
  return new RouteTable<BlockStatement, Route>(rules, (resolution) => {
    const info: RouteInfo = {
      direction: to.direction,
      service: to.service,
      template: resolution.template,
      stream: resolution.stream,
      telemetry: undefined,
    }
    const pick = (tests: Parameters<typeof createPick>[1], next: Dispatch) =>
      service instanceof OriginalService
        ? createOriginalPick(service, tests, context.upstream, context.via, next)
        : createPick(service, tests, context.upstream, context.via, next)
    return compileRoute(info, resolution, pick, context)
  })
}

/** Some request to this destination meets `authorize`. */
function asksWho(config: Config, to: Destination): boolean {
  return rulesFor<BlockStatement>(config.policies, to).some((rule) => rule.states('authorize')?.mode === 'enforce')
}

/** A stranger's traffic meets the defaults, and nothing of ours is added to it. */
function passThrough(context: CompileContext): Route {
  const info: RouteInfo = {
    direction: 'outbound',
    service: 'passthrough',
    template: '*',
    stream: undefined,
    telemetry: undefined,
  }
  const pick = (_tests: unknown, next: Dispatch) => context.passthrough.pick(next)
  return compileRoute(info, resolve<BlockStatement>([]), pick, context, addingNothing)
}

/** What layers above have put on the attempt is between us and our own kind. */
const addingNothing: Dispatch = (request, response) => {
  request.attempt.fields.length = 0
  return toEndpoint(request, response)
}

function statementsOf(config: Config): Map<string, string> {
  const statements = new Map<string, string>()
  for (const policy of config.policies) {
    for (const { block, config: stated, mode } of policy.blocks) {
      for (const service of servicesOf(policy.direction, policy.service, config.services, config.sidecar)) {
        const to = { direction: policy.direction, service }
        statements.set(statementName(policy.name, block, to), fingerprint(stated, mode))
      }
    }
  }
  return statements
}

function servicesOf(
  direction: 'inbound' | 'outbound',
  service: string,
  services: readonly ServiceDocument[],
  sidecar: SidecarDocument,
): string[] {
  if (direction === 'inbound') return [sidecar.name]
  return service === '*' ? services.map(({ name }) => name) : [service]
}
