/** The services of a configuration: made once, and kept over a reload as long as nothing about them changed. */
import { upstreamFiles } from '../config/build/tls.ts'
import type { ServiceDocument, SidecarDocument } from '../config/model.ts'
import { createBalancer } from '../upstream/balance/create.ts'
import { type DnsReport, DnsService, systemLookup } from '../upstream/discovery/dns-service.ts'
import { SliceService } from '../upstream/discovery/slice-service.ts'
import { SourceHealth } from '../upstream/discovery/source-health.ts'
import type { EndpointSettings } from '../upstream/endpoint.ts'
import type { UpstreamContext } from '../upstream/context.ts'
import type { Service } from '../upstream/service.ts'
import { ProbeGate } from '../upstream/health/probe-gate.ts'
import { OriginalService } from '../upstream/original-service.ts'
import { StaticService } from '../upstream/static-service.ts'
import type { TlsSettings } from '../upstream/tls-dialer.ts'
import type { DiscoverySample, Log } from '../telemetry/index.ts'
import type { KubernetesDiscovery } from './discovery.ts'
import { createHealthChecks, MOST_PROBES } from './health-checks.ts'
import type { Certificates } from './tls/certificates.ts'

interface Held {
  readonly fingerprint: string
  readonly service: Service
  /** undefined: nobody is asked for its endpoints. */
  readonly source: SourceHealth | undefined
}

type Made = Pick<Held, 'service' | 'source'>

type Limits = SidecarDocument['limits']
type Inbound = SidecarDocument['inbound'][number]

/** Towards our own application: it is near, and its connections are worth keeping as long as it keeps them. */
const APPLICATION = { maxPerEndpoint: 1024, idle: 4000, maxAge: 600_000, http2Streams: 1000 }

export class Services {
  readonly #context: UpstreamContext
  readonly #log: Log
  readonly #certificates: Certificates
  readonly #discovery: KubernetesDiscovery
  readonly #gate = new ProbeGate(MOST_PROBES)
  #held = new Map<string, Held>()

  constructor(context: UpstreamContext, log: Log, certificates: Certificates, discovery: KubernetesDiscovery) {
    this.#context = context
    this.#log = log
    this.#certificates = certificates
    this.#discovery = discovery
  }

  /** Takes over what is unchanged, makes what is new. What is left behind closes when `retire` is called. */
  update(documents: readonly ServiceDocument[], sidecar: SidecarDocument): { retire(): void } {
    const before = this.#held
    const next = new Map<string, Held>()
    for (const document of documents) {
      const { place: _place, ...settings } = document
      this.#take(before, next, `service ${document.name}`, JSON.stringify([settings, sidecar.limits]), (former) =>
        this.#make(document, sidecar.limits, former),
      )
    }
    for (const entry of sidecar.inbound) {
      this.#take(before, next, applicationKey(entry), JSON.stringify([entry.app, sidecar.limits]), () => ({
        service: this.#application(sidecar, entry),
        source: undefined,
      }))
    }
    this.#held = next
    const kept = new Set([...next.values()].map(({ service }) => service))
    return {
      retire: () => {
        for (const { service } of before.values()) if (!kept.has(service)) service.close()
      },
    }
  }

  service(name: string): Service {
    return (this.#held.get(`service ${name}`) as Held).service
  }

  application(entry: Inbound): Service {
    return (this.#held.get(applicationKey(entry)) as Held).service
  }

  all(): Iterable<Service> {
    return [...this.#held.values()].map(({ service }) => service)
  }

  /** Of each service whose endpoints somebody is asked for. */
  discovery(): DiscoverySample[] {
    return [...this.#held.values()].flatMap(({ service: { name }, source }) =>
      source === undefined ? [] : [{ service: name, source: source.source, up: source.up, heardAt: source.heardAt }],
    )
  }

  close(): void {
    for (const { service } of this.#held.values()) service.close()
  }

  #take(
    before: Map<string, Held>,
    next: Map<string, Held>,
    key: string,
    fingerprint: string,
    make: (former: Service | undefined) => Made,
  ): void {
    const held = before.get(key)
    const same = held !== undefined && held.fingerprint === fingerprint
    next.set(key, same ? held : { fingerprint, ...make(held?.service) })
  }

  /** `former`: of this name until now. */
  #make(document: ServiceDocument, limits: Limits, former: Service | undefined): Made {
    const { name, hostHeader, connections, protocol } = document
    const balancer = createBalancer(document.loadBalancing, this.#context.random)
    const tls = this.#tls(document)
    const checks = createHealthChecks(document, tls, this.#gate, this.#context, this.#log)
    const believesPeer = document.sidecar
    const settings: EndpointSettings = { ...connections, limits, believesPeer, protocol, hostHeader, tls }
    if (document.kubernetes !== undefined) {
      const source = new SourceHealth('kubernetes', this.#context.clock)
      const follow = this.#discovery.follow(name, document.kubernetes, source)
      return { service: new SliceService(name, follow, balancer, settings, this.#context, checks), source }
    }
    if (document.dns === undefined) {
      const service = new StaticService(name, document.endpoints, balancer, settings, this.#context, checks)
      return { service, source: undefined }
    }
    const source = new SourceHealth('dns', this.#context.clock)
    const report: DnsReport = {
      singleAddress: (service, host) =>
        this.#log.warn('one address for a service by DNS', {
          code: 'W013',
          service,
          name: host,
          hint: 'behind one address there may be many endpoints: retries cannot go elsewhere; name a headless service',
        }),
      failed: (service, host, cause) => {
        source.failed()
        this.#log.warn('look-up failed', { service, name: host, cause })
      },
      found: () => source.heard(),
    }
    const { dns } = document
    const known = former instanceof DnsService && former.looksUp === dns.name ? former.addresses : []
    const service = new DnsService(name, dns, balancer, settings, this.#context, report, systemLookup, checks, known)
    return { service, source }
  }

  #tls({ tls, dns, kubernetes }: ServiceDocument): TlsSettings | undefined {
    if (tls === undefined) return undefined
    const stated = tls.serverName === '' ? (dns?.name ?? inCluster(kubernetes)) : tls.serverName
    // A name's final dot is for the resolver; no certificate has one.
    const serverName = stated.endsWith('.') ? stated.slice(0, -1) : stated
    return { material: this.#certificates.of(upstreamFiles(tls)), serverName }
  }

  #application(sidecar: SidecarDocument, { app, protocol: stated }: Inbound): Service {
    const limits = sidecar.limits
    const plain = { hostHeader: 'keep', tls: undefined }
    const protocol = stated === 'tcp' ? 'auto' : stated
    const settings: EndpointSettings = { ...APPLICATION, limits, believesPeer: false, protocol, ...plain }
    const balancer = createBalancer({ algorithm: 'random', hashOn: '' }, this.#context.random)
    if (app === 'original') return new OriginalService(sidecar.name, balancer, settings, this.#context)
    return new StaticService(sidecar.name, [{ ...app, weight: 1 }], balancer, settings, this.#context)
  }
}

/** The name by which clients of a cluster know a Service, where its namespace is stated. */
function inCluster(kubernetes: ServiceDocument['kubernetes']): string {
  if (kubernetes === undefined || kubernetes.namespace === '') return ''
  return `${kubernetes.service}.${kubernetes.namespace}.svc`
}

/** Two entries for one application may differ in how they speak to it. */
function applicationKey({ app, protocol }: Inbound): string {
  return `application ${app === 'original' ? app : `${app.host}:${app.port}`} ${protocol}`
}
