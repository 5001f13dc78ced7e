/**
 * Probes of the application, rewritten: the kubelet asks the sidecar, and the sidecar asks the application as the kubelet
 * would have. Else a probe would meet policies that are for clients, or be answered by the sidecar for an application that
 * is dead (a TCP probe connects to the sidecar).
 */
import { type Container, type Handler, PROBES, type Probe, type ProbeKind } from './pod.ts'

/** Of a path `/app-health/CONTAINER/KIND`. */
export const KINDS: Readonly<Record<ProbeKind, string>> = {
  startupProbe: 'startupz',
  readinessProbe: 'readyz',
  livenessProbe: 'livez',
}

const APP_HEALTH = '/app-health/'

/** One question to the application; `APP_PROBES` maps `CONTAINER/KIND` to these. */
export interface AppProbe {
  readonly http?: {
    readonly port: number
    readonly path: string
    readonly scheme: 'http' | 'https'
    readonly headers: readonly (readonly [name: string, value: string])[]
  }
  readonly tcp?: { readonly port: number }
  readonly grpc?: { readonly port: number; readonly service: string }
  /** ms, of `timeoutSeconds`. */
  readonly timeout: number
}

export interface RewrittenProbe {
  readonly kind: ProbeKind
  /** As it stood. */
  readonly original: Probe
  readonly rewritten: Probe
  /** `CONTAINER/KIND`. */
  readonly key: string
  readonly ask: AppProbe
}

/** A probe that is a command, or that asks another host, stays as it is; so does one whose port nobody declares (`lost`). */
export function rewriteProbes(
  container: Container,
  admin: number,
): { readonly rewritten: RewrittenProbe[]; readonly lost: string[] } {
  const rewritten: RewrittenProbe[] = []
  const lost: string[] = []
  for (const kind of PROBES) {
    const original = container[kind]
    if (original === undefined || isOurs(original)) continue
    const ask = askOf(original, container)
    if (ask === undefined) continue
    if (ask === 'lost') {
      lost.push(`${kind} of container '${container.name}' names a port that it does not declare; left as it is`)
      continue
    }
    const key = `${container.name}/${KINDS[kind]}`
    const { httpGet: _http, tcpSocket: _tcp, grpc: _grpc, ...times } = original
    rewritten.push({
      kind,
      original,
      rewritten: { httpGet: { path: `${APP_HEALTH}${key}`, port: admin }, ...times },
      key,
      ask,
    })
  }
  return { rewritten, lost }
}

/**
 * In mode named-port, where the kubelet goes to the application itself: names of ports become numbers, for they are the sidecar's
 * now. The very object where nothing is named.
 */
export function numbered<H extends Handler>(handler: H, container: Container): H {
  const { httpGet, tcpSocket } = handler
  const port = httpGet?.port ?? tcpSocket?.port
  if (typeof port !== 'string') return handler
  const number = numberOf(port, container)
  if (number === undefined) return handler
  return {
    ...handler,
    ...(httpGet === undefined ? {} : { httpGet: { ...httpGet, port: number } }),
    ...(tcpSocket === undefined ? {} : { tcpSocket: { ...tcpSocket, port: number } }),
  }
}

export function isOurs({ httpGet }: Handler): boolean {
  return httpGet?.path?.startsWith(APP_HEALTH) === true
}

function askOf(
  { httpGet, tcpSocket, grpc, timeoutSeconds = 1 }: Probe,
  container: Container,
): AppProbe | 'lost' | undefined {
  const timeout = timeoutSeconds * 1000
  if (httpGet !== undefined) {
    if ((httpGet.host ?? '') !== '') return undefined
    const port = numberOf(httpGet.port, container)
    if (port === undefined) return 'lost'
    const headers = (httpGet.httpHeaders ?? []).map(({ name, value }) => [name, value] as const)
    const scheme = httpGet.scheme?.toUpperCase() === 'HTTPS' ? 'https' : 'http'
    return { http: { port, path: pathOf(httpGet.path), scheme, headers }, timeout }
  }
  if (tcpSocket !== undefined) {
    if ((tcpSocket.host ?? '') !== '') return undefined
    const port = numberOf(tcpSocket.port, container)
    return port === undefined ? 'lost' : { tcp: { port }, timeout }
  }
  if (grpc !== undefined) return { grpc: { port: grpc.port, service: grpc.service ?? '' }, timeout }
  return undefined
}

function pathOf(path = '/'): string {
  return path.startsWith('/') ? path : `/${path}`
}

/** As the kubelet resolves it: by the container's own ports; text may be a number too. */
function numberOf(port: number | string, { ports = [] }: Container): number | undefined {
  if (typeof port === 'number') return port
  const declared = ports.find(({ name }) => name === port)?.containerPort
  return declared ?? (/^[0-9]{1,5}$/.test(port) ? Number(port) : undefined)
}
