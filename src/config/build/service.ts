/** `kind: Service` → model. */
import { isIP } from 'node:net'
import type { EndpointConfig, HostPort, ServiceDocument } from '../model.ts'
import { isHostName, parseServiceHost } from '../values/address.ts'
import { type Parsed, parsed, unreadable } from '../values/parsed.ts'
import { shorten } from '../yaml/tree.ts'
import { fields, items, type WalkedDocument } from './document.ts'
import { buildBalancing, buildHealthCheck, checkBalancing, checkHealthCheck, type WalkedBalance } from './balance.ts'
import { buildUpstreamTls, checkServiceTls, type TlsCheck } from './tls.ts'

const WHERE = ['endpoints', 'dns', 'kubernetes'] as const

type WalkedEndpoint = HostPort | { readonly address: HostPort; readonly weight: number }

interface Walked extends WalkedBalance, Omit<ServiceDocument, 'hosts' | 'endpoints' | keyof WalkedBalance | 'place'> {
  readonly hosts: readonly string[] | undefined
  readonly endpoints: readonly WalkedEndpoint[] | undefined
}

/** Checks what no schema says. */
export function checkService(document: WalkedDocument, checkTls: TlsCheck | undefined): void {
  const { value } = document
  const [one, another] = WHERE.filter((key) => document.states(key))
  if (one === undefined) {
    const message = `${label(document)} must say where it is: exactly one of endpoints, dns and kubernetes, found none`
    document.error('E021', document.place, message)
  } else if (another !== undefined) {
    const message = `${label(document)} must have exactly one of endpoints, dns and kubernetes, found ${one} and ${another}`
    document.error('E028', document.keyPlace(another), message)
  }
  for (const [index, host] of items(value.hosts).entries()) document.read(`hosts.${index}`, host, parseServiceHost)
  document.read('hostHeader', value.hostHeader, parseHostHeader)
  document.read('dns.name', fields(value.dns).name, parseDnsName)
  checkBalancing(document)
  checkHealthCheck(document)
  checkServiceTls(document, checkTls)
}

function label(document: WalkedDocument): string {
  return `Service ${shorten(document.head.name)}`.trim()
}

function parseHostHeader(text: string): Parsed<string> {
  if (text === 'keep' || text === 'endpoint') return parsed(text)
  const host = parseServiceHost(text)
  return host.ok && !text.startsWith('*') ? parsed(text) : unreadable('keep, endpoint or the host to send', '')
}

function parseDnsName(text: string): Parsed<string> {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text
  const port = /^(.+):[0-9]+$/.exec(bare)?.[1]
  if (isHostName(bare) || isIP(bare) !== 0) return parsed(text)
  return unreadable(
    'a host name',
    port !== undefined && isHostName(port) ? `write ${port}, the port is a key of its own` : '',
  )
}

export function buildService(document: WalkedDocument): ServiceDocument {
  const walked = document.value as unknown as Walked
  return {
    name: walked.name,
    hosts: [...new Set((walked.hosts ?? [walked.name]).map((host) => host.toLowerCase()))],
    endpoints: (walked.endpoints ?? []).map(endpoint),
    dns: walked.dns,
    kubernetes: walked.kubernetes,
    protocol: walked.protocol,
    hostHeader: walked.hostHeader,
    tls: buildUpstreamTls(walked.tls),
    sidecar: walked.sidecar,
    propagate: walked.propagate,
    loadBalancing: buildBalancing(walked.loadBalancing),
    connections: walked.connections,
    healthCheck: buildHealthCheck(walked.healthCheck),
    place: document.place,
  }
}

function endpoint(walked: WalkedEndpoint): EndpointConfig {
  return 'address' in walked ? { ...walked.address, weight: walked.weight } : { ...walked, weight: 1 }
}

/** One host, one Service: else the order of files would decide. */
export function checkHosts(documents: readonly WalkedDocument[]): void {
  const claimed = new Map<string, WalkedDocument>()
  for (const document of documents) {
    const stated = items(document.value.hosts)
    const hosts = document.states('hosts') ? stated : [document.head.name]
    for (const [index, host] of hosts.entries()) {
      if (typeof host !== 'string' || host === '') continue
      const key = host.toLowerCase()
      const owner = claimed.get(key)
      if (owner === undefined) claimed.set(key, document)
      else if (owner.head.name !== document.head.name) reportClaimed(document, owner, host, index)
    }
  }
}

function reportClaimed(document: WalkedDocument, owner: WalkedDocument, host: string, index: number): void {
  const { file, line } = owner.place
  const place = document.states('hosts') ? document.valuePlace(`hosts.${index}`) : document.head.place
  document.error(
    'E042',
    place,
    `a host belongs to one Service, and '${host}' is Service ${owner.head.name}'s (${file}:${line})`,
  )
}
