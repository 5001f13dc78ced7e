/** `kind: Sidecar` → model. */
import type { HostPort, SidecarDocument } from '../model.ts'
import { parseCidr } from '../values/address.ts'
import { formatDuration } from '../values/units.ts'
import { fields, items, type WalkedDocument } from './document.ts'
import { buildListenerTls, checkListenersTls, type TlsCheck } from './tls.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The walk gives the model's shape but for these. */
interface Walked extends Omit<SidecarDocument, 'outbound' | 'trust' | 'limits' | 'tracing' | 'place'> {
  readonly outbound:
    | {
        readonly listen: HostPort
        readonly transparent: boolean
        readonly unknownHosts: 'refuse' | 'passthrough' | undefined
      }
    | undefined
  readonly trust: {
    readonly peers: readonly string[]
    readonly sourceHeader: string | undefined
    readonly sources: Readonly<Record<string, { readonly cidr: readonly string[] }>>
  }
  readonly limits: Omit<SidecarDocument['limits'], 'maxRequestBytes'> & { readonly maxRequestBytes: number | null }
  readonly tracing: Omit<SidecarDocument['tracing'], 'tail'> & {
    readonly tail: { readonly errors: boolean; readonly slowerThan: number | undefined } | undefined
  }
}

/** Checks what no schema says. */
export function checkSidecar(document: WalkedDocument, checkTls: TlsCheck | undefined): void {
  const { value } = document
  const trust = fields(value.trust)
  checkCidrs(document, 'trust.peers', trust.peers)
  for (const [name, source] of Object.entries(fields(trust.sources))) {
    checkCidrs(document, `trust.sources.${name}.cidr`, fields(source).cidr)
  }
  checkTail(document)
  checkDrain(document)
  checkBytes(document)
  checkListeners(document)
  checkListenersTls(document, checkTls)
}

function checkCidrs(document: WalkedDocument, path: string, list: unknown): void {
  for (const [index, text] of items(list).entries()) document.read(`${path}.${index}`, text, parseCidr)
}

/** Whoever shortens the one and forgets the other loses what is in flight. */
function checkDrain(document: WalkedDocument): void {
  const { wait, timeout } = fields(document.value.drain)
  if (typeof wait !== 'number' || typeof timeout !== 'number' || wait < timeout) return
  const place = document.placesBelow('drain').has('timeout') ? 'drain.timeout' : 'drain.wait'
  const message = `drain.timeout (${formatDuration(timeout)}) should be longer than drain.wait, which it includes, found ${formatDuration(wait)}`
  document.error('W021', document.valuePlace(place), message)
}

/** A tail without a rule would record every request and export none. */
function checkTail(document: WalkedDocument): void {
  const tail = fields(document.value.tracing).tail
  if (tail === undefined || fields(tail).errors !== false || fields(tail).slowerThan !== undefined) return
  const message = 'tracing.tail must have errors: true or a slowerThan, here it takes nothing: leave it out'
  document.error('E052', document.keyPlace('tracing.tail'), message)
}

/** Bytes, and redirected connections that are encrypted, pass as they are: what is encrypted ends where it was encrypted for. */
function checkBytes(document: WalkedDocument): void {
  for (const [index, item] of items(document.value.inbound).entries()) {
    const { app, protocol, tls } = fields(item)
    const passing =
      protocol === 'tcp' ? 'protocol: tcp passes bytes' : app === 'original' ? 'app: original passes TLS' : undefined
    if (passing === undefined || tls === undefined) continue
    const message = `${passing} as it came, found tls beside it: leave one of them out`
    document.error('E028', document.keyPlace(`inbound.${index}.tls`), message)
  }
}

/** Two listeners on one address: the second could never be bound. */
function checkListeners(document: WalkedDocument): void {
  const { value } = document
  const inbound = items(value.inbound).map((entry, index) => [`inbound.${index}.listen`, fields(entry).listen] as const)
  const outbound = ['outbound.listen', fields(value.outbound).listen] as const
  const admin = ['admin.listen', fields(value.admin).listen] as const
  const isStated = (path: string) => document.placesBelow(path.slice(0, path.lastIndexOf('.'))).has('listen')
  const shown = (path: string) => path.replace(/\.([0-9]+)\./, '[$1].')
  const taken = new Map<string, string>()
  for (const [path, listen] of [...inbound, outbound, admin]) {
    const address = listen as HostPort | undefined
    if (address === undefined || address.port === 0) continue
    const key = `${address.host}:${address.port}`
    const first = taken.get(key)
    if (first === undefined) taken.set(key, path)
    else
      document.error(
        'E047',
        document.valuePlace(isStated(path) ? path : first),
        `each listener needs an address of its own, ${shown(first)} has ${key} already${isStated(path) ? '' : `, the default of ${shown(path)}`}`,
      )
  }
}

export function buildSidecar(document: WalkedDocument, name: string | undefined): SidecarDocument {
  const walked = document.value as unknown as Walked
  const sidecar: Mutable<SidecarDocument> = {
    name: name ?? walked.name,
    inbound: walked.inbound.map((entry) => ({ ...entry, tls: buildListenerTls(entry.tls) })),
    outbound: outboundOf(walked),
    admin: walked.admin,
    trust: {
      peers: walked.trust.peers.map(cidr),
      sourceHeader: walked.trust.sourceHeader?.toLowerCase() ?? '',
      sources: Object.entries(walked.trust.sources).map(([source, { cidr: blocks }]) => ({
        name: source,
        cidr: blocks.map(cidr),
      })),
    },
    limits: { ...walked.limits, maxRequestBytes: walked.limits.maxRequestBytes ?? Number.POSITIVE_INFINITY },
    drain: walked.drain,
    accessLog: walked.accessLog,
    tracing: { ...walked.tracing, tail: tailOf(walked.tracing) },
    metrics: walked.metrics,
    place: document.place.file === '' ? undefined : document.place,
  }
  return sidecar
}

const USUAL_OUTBOUND: SidecarDocument['outbound'] = {
  listen: { host: '127.0.0.1', port: 19_001 },
  transparent: false,
  unknownHosts: 'refuse',
  unknownHostsStated: false,
}

/** A Sidecar that names no listener at all has the usual outbound one: without it, it would have nothing to do. */
function outboundOf(walked: Walked): SidecarDocument['outbound'] {
  const { outbound } = walked
  if (outbound === undefined) return walked.inbound.length > 0 ? undefined : USUAL_OUTBOUND
  const { listen, transparent, unknownHosts } = outbound
  return {
    listen,
    transparent,
    unknownHosts: unknownHosts ?? (transparent ? 'passthrough' : 'refuse'),
    unknownHostsStated: unknownHosts !== undefined,
  }
}

function tailOf({ tail }: Walked['tracing']): SidecarDocument['tracing']['tail'] {
  return tail && { errors: tail.errors, slowerThan: tail.slowerThan ?? Number.POSITIVE_INFINITY }
}

function cidr(text: string): string {
  const result = parseCidr(text)
  return result.ok ? result.value : text
}
