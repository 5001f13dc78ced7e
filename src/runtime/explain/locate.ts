/** From what an operator types to what a request would carry: service, port and path. */
import type { Config, ServiceDocument } from '../../config/model.ts'
import { nearest } from '../../config/values/spelling.ts'
import { get } from '../../core/headers.ts'
import { HostTable } from '../../routing/hosts.ts'
import { normalisePath } from '../../core/path.ts'
import { duration } from './facts/words.ts'
import type { Query, Unrouted } from './report.ts'

export interface Located {
  readonly found: true
  readonly service: string
  readonly port: number | undefined
  readonly path: string
  /** As the request would say it; '' where nobody has said it. */
  readonly authority: string
  /** Where it goes, in words. */
  readonly endpoints: string
  /** How many endpoints that is; undefined: whatever a look-up finds. */
  readonly size: number | undefined
}

interface Url {
  readonly authority: string
  readonly defaultPort: number
  /** 0 where none was said. */
  readonly port: number
  readonly target: string
}

export function locate(config: Config, query: Query): Located | Unrouted {
  const url = readUrl(query.url ?? '/')
  const path = normalisePath(url.target)
  if (path === undefined) return nowhere(refusal(url.target))
  return query.direction === 'inbound' ? inbound(config, query, url, path) : outbound(config, query, url, path)
}

function outbound(config: Config, query: Query, url: Url, path: string): Located | Unrouted {
  if (query.service !== undefined) {
    const named = config.services.find(({ name }) => name === query.service)
    return named === undefined
      ? nowhere(`There is no Service '${query.service}'${among(config, query.service)}`)
      : to(named, path, hostOf(query, url))
  }
  if (url.authority === '') return nowhere(`'${query.url}' names no host: write http://HOST/PATH, or add --service`)
  const hosts = new HostTable<ServiceDocument>(url.defaultPort)
  for (const service of config.services) for (const host of service.hosts) hosts.add(host, service)
  const service = hosts.lookup(url.authority)
  if (service !== undefined) return to(service, path, hostOf(query, url))
  if (config.sidecar.outbound?.unknownHosts === 'passthrough') {
    const reason = `No Service answers to the host '${url.authority}': the request is passed through and meets no policy.`
    return { found: false, passthrough: true, reason }
  }
  return nowhere(
    `No Service answers to the host '${url.authority}': it gets 404 route_not_found${among(config, url.authority)}`,
  )
}

/** Who writes the field means it. */
function hostOf({ headers }: Query, { authority }: Url): string {
  return get(headers, 'host') ?? authority
}

function to(service: ServiceDocument, path: string, authority: string): Located {
  const size = service.dns === undefined && service.kubernetes === undefined ? service.endpoints.length : undefined
  return { found: true, service: service.name, port: undefined, path, authority, endpoints: endpointsOf(service), size }
}

const SHOWN = 4

function endpointsOf(service: ServiceDocument): string {
  return `${listOf(service)}${checkedBy(service)}`
}

function listOf({ endpoints, dns, kubernetes, loadBalancing }: ServiceDocument): string {
  const { algorithm, hashOn } = loadBalancing
  const how = hashOn === '' ? algorithm : `${algorithm} on header ${hashOn}`
  if (kubernetes !== undefined) {
    const { service, namespace, port } = kubernetes
    return `the endpoints of the Kubernetes Service ${namespace === '' ? '' : `${namespace}/`}${service}, port ${port}, ${how}`
  }
  if (dns !== undefined) return `whatever ${dns.name} resolves to, port ${dns.port}, ${how}`
  const shown = endpoints.slice(0, SHOWN).map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
  const more = endpoints.length > SHOWN ? ` and ${endpoints.length - SHOWN} more` : ''
  return `${shown.join(', ')}${more}${endpoints.length > 1 ? `, ${how}` : ''}`
}

function checkedBy({ healthCheck }: ServiceDocument): string {
  if (healthCheck === undefined) return ''
  const { path, grpc, interval, timeout, unhealthy } = healthCheck
  const asked = grpc === undefined ? `GET ${path}` : `gRPC health ${grpc.service}`.trim()
  const longest = interval * 1.1
  // It may begin to hang right behind a check, and each check waits for the one before.
  const found = duration(Math.round(longest + (unhealthy - 1) * Math.max(longest, timeout) + timeout))
  return `; checked by ${asked} every ${duration(interval)}, one that hangs is out after at most ${found}`
}

function inbound(config: Config, query: Query, url: Url, path: string): Located | Unrouted {
  const entries = config.sidecar.inbound.map(({ app }) => app)
  const apps = entries.filter((app) => app !== 'original')
  // Redirected connections may go to any port.
  const anyPort = apps.length < entries.length
  const ports = apps.map(({ port }) => port)
  const asked = query.port ?? (url.port === 0 ? undefined : url.port)
  const port = asked ?? (ports.length === 1 && !anyPort ? ports[0] : undefined)
  if (asked !== undefined && !anyPort && ports.length > 0 && !ports.includes(asked)) {
    return nowhere(`No application listens on port ${asked} of this sidecar; it has ${ports.join(', ')}.`)
  }
  if (port === undefined && !anyPort && ports.length > 1) {
    return nowhere(`This sidecar has applications on ports ${ports.join(', ')}: write http://HOST:PORT/PATH.`)
  }
  const app = apps.find((entry) => entry.port === port)
  const nameless = anyPort ? 'the address the connection was going to' : 'the application, which `run --app` names'
  const endpoints = app === undefined ? nameless : `${app.host}:${app.port}`
  const authority = hostOf(query, url)
  return { found: true, service: config.sidecar.name, port, path, authority, endpoints, size: 1 }
}

function nowhere(reason: string): Unrouted {
  return { found: false, passthrough: false, reason }
}

function among(config: Config, name: string): string {
  const names = config.services.flatMap((service) => [service.name, ...service.hosts])
  const close = nearest(name, names)
  if (close !== undefined) return `. Did you mean '${close}'?`
  const services = config.services.map((service) => service.name)
  if (services.length === 0) return '. The files hold no Service.'
  const more = services.length > 8 ? ` and ${services.length - 8} more` : ''
  return `. There ${services.length === 1 ? 'is' : 'are'} ${services.slice(0, 8).join(', ')}${more}.`
}

function refusal(target: string): string {
  return `The path of '${target}' is refused with 400: it climbs above the root, or holds a control character or backslash.`
}

/** Split by hand: a URL parser would tidy up what the proxy must judge. */
function readUrl(text: string): Url {
  const [, scheme, authority = '', target = ''] =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?([^/?#]*)([^#]*)/s.exec(text) ?? []
  const port = /:([0-9]{1,5})$/.exec(authority)?.[1]
  const ascii = target.replace(/[^\x21-\x7e]+/g, (run) => encodeURIComponent(run.toWellFormed()))
  return {
    authority: authority.slice(authority.lastIndexOf('@') + 1),
    defaultPort: scheme?.toLowerCase() === 'https' ? 443 : 80,
    port: Number(port ?? 0),
    target: ascii.startsWith('/') ? ascii : `/${ascii}`,
  }
}
