/** A whole sidecar in one process: files read, listeners bound, and everything between them. */
import { type AdminListener, type AdminSource, type State, startAdmin } from '../admin/index.ts'
import { listenerFiles } from '../config/build/tls.ts'
import type { Config, SidecarDocument } from '../config/model.ts'
import type { PortRange } from '../config/values/ports.ts'
import { CacheAccount } from '../core/cache-account.ts'
import { type Clock, SystemClock } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { Dispatch, Layer } from '../core/exchange.ts'
import { type Random, systemRandom } from '../core/random.ts'
import { refuse } from '../core/refuse.ts'
import { ReplayAccount } from '../core/replay-buffer.ts'
import { Via } from '../core/via.ts'
import type { IncomingConnection } from '../http/server-side.ts'
import type { OriginalDestinations } from '../net/original-destination.ts'
import { OwnAddresses } from '../net/own-addresses.ts'
import type { ListenerSecurity } from '../net/tls-acceptor.ts'
import { lookInside } from '../server/inside-tunnel.ts'
import { finalRecipient } from '../server/max-forwards.ts'
import { Receiver } from '../server/receiver.ts'
import { createRescue } from '../server/rescue.ts'
import { Trust } from '../server/trust.ts'
import { createTelemetry, type EndpointSample, type Log, type Telemetry } from '../telemetry/index.ts'
import { Passthrough } from '../upstream/passthrough.ts'
import { AppHealth } from './app-health/app-health.ts'
import { type CompileContext, compile, type Runtime } from './compile.ts'
import { Configuration } from './configuration.ts'
import { type ApiPlaces, KubernetesDiscovery } from './discovery.ts'
import { Drain, type DrainTimes } from './drain.ts'
import { endpointSamples } from './endpoint-samples.ts'
import { explainLive } from './explain-live.ts'
import { type RunFlags, withFlags } from './flags.ts'
import { ALONE, drainTimes, type Lifecycle } from './lifecycle.ts'
import { entrances } from './interception/entrances.ts'
import { Interception, type InterceptionParts } from './interception/interception.ts'
import { loadOriginals } from './interception/load-originals.ts'
import { KeptStates } from './kept-state.ts'
import { portOf, TrafficListener } from './listeners.ts'
import { liveView } from './live-view.ts'
import type { Signals } from './overload/decide.ts'
import { Overload, OVERLOADED } from './overload/overload.ts'
import { heapShare, memoryShare } from './overload/space.ts'
import { FileWatch } from './reload.ts'
import { Services } from './services.ts'
import { Certificates } from './tls/certificates.ts'
import { HandshakeLog } from './tls/handshake-log.ts'
import { configView, stateView } from './view.ts'

export interface SidecarOptions extends RunFlags {
  /** Files and folders of policy documents. */
  readonly paths: readonly string[]
  readonly name?: string | undefined
  readonly log: Log
  readonly version: string
  /** The page shows paths; left out: it does not. */
  readonly pagePaths?: boolean
  /** `process.env`: the OTEL_* of it are read. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where the Kubernetes API is, unless it is that of the cluster we run in. */
  readonly kubernetes?: ApiPlaces | undefined
  readonly lifecycle?: Lifecycle | undefined
  /** Files that cannot be used at the start are told and the sidecar runs without them, as if it had none. */
  readonly lenientStart?: boolean | undefined
  /** Called once the drain that `POST /quit` asked for is over. */
  readonly onQuit?: (() => void) | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** Where servers speak first, so that redirected connections to these ports are not waited for. */
  readonly opaquePorts?: readonly PortRange[] | undefined
  /** Says where redirected connections were going instead of the kernel, for tests. */
  readonly originals?: OriginalDestinations | undefined
  /** What is taken instead of what was measured of the process, for tests. */
  readonly signals?: ((measured: Signals) => Signals) | undefined
}

/** Towards strangers, where they are let through at all. */
const STRANGERS = { maxPerEndpoint: 256, idle: 4000, maxAge: 600_000, http2Streams: 100 } as const

/** Throws a ConfigError, or an Error whose message is a sentence: a taken port, flags that do not fit. */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const sidecar = new Sidecar(options)
  try {
    await sidecar.open()
  } catch (error) {
    await sidecar.close()
    throw error
  }
  return sidecar
}

export class Sidecar {
  /** `host:port` of each listener, in the order of the Sidecar document. */
  inbound: readonly string[] = []
  outbound = ''
  admin = ''
  readonly #options: SidecarOptions
  readonly #clock: Clock
  readonly #certificates: Certificates
  readonly #handshakeLog: HandshakeLog
  readonly #configuration: Configuration
  readonly #sidecar: SidecarDocument
  readonly #telemetry: Telemetry
  readonly #states = new KeptStates()
  readonly #services: Services
  readonly #passthrough: Passthrough
  readonly #replay: ReplayAccount
  readonly #context: CompileContext
  readonly #overload: Overload
  readonly #startedAt: number
  readonly #appHealth: AppHealth
  #runtime: Runtime
  #inboundListeners: TrafficListener[] = []
  #outboundListener: TrafficListener | undefined
  #adminListener: AdminListener | undefined
  #interception: Interception | undefined
  /** Of all listeners. */
  #ports: readonly number[] = []
  #watch: FileWatch | undefined
  #certificateWatch: FileWatch | undefined
  #drain: Drain
  #opened = false

  constructor(options: SidecarOptions) {
    const { log, paths, name, version, environment, pagePaths = false } = options
    const clock = options.clock ?? new SystemClock()
    const random = options.random ?? systemRandom()
    this.#options = options
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#appHealth = new AppHealth(environment, clock, log)
    this.#certificates = new Certificates(clock, log)
    this.#handshakeLog = new HandshakeLog(clock, log)
    const { check } = this.#certificates
    let first: SidecarDocument | undefined
    const adapt = (config: Config) => this.#adapt(config, first)
    this.#configuration = new Configuration(paths, name, adapt, clock, log, check, options.lenientStart)
    this.#sidecar = this.#configuration.current.sidecar
    first = this.#sidecar
    this.#certificates.adopt(this.#configuration.current)
    this.#telemetry = createTelemetry({ sidecar: this.#sidecar, clock, random, log, version, environment, pagePaths })
    const { limits } = this.#sidecar
    const upstream = {
      clock,
      random,
      violation: (how: string) => this.#telemetry.violation(how, 'upstream', ''),
      defect: this.#telemetry.events.defect.bind(this.#telemetry.events),
    }
    const discovery = new KubernetesDiscovery(options.kubernetes ?? {}, environment, clock, random, log)
    this.#services = new Services(upstream, log, this.#certificates, discovery)
    this.#passthrough = new Passthrough(
      { ...STRANGERS, limits, believesPeer: false, protocol: 'auto', hostHeader: 'keep', tls: undefined },
      upstream,
    )
    const signals = (lag: number) => this.#signals(lag)
    this.#overload = new Overload({ clock, random, log, signals, late: (lag) => this.#telemetry.late(lag) })
    this.#replay = new ReplayAccount(limits.maxReplayBytes)
    const pseudonym = `outrigger-${this.#sidecar.name}-${random.word().toString(36)}`
    const via = new Via(pseudonym)
    const rescue = createRescue(via)
    const outermost: Layer = (next) => this.#telemetry.server(rescue(next))
    this.#context = {
      clock,
      random,
      events: this.#telemetry.events,
      replay: this.#replay,
      cache: new CacheAccount(limits.maxCacheBytes),
      states: this.#states,
      attempt: this.#telemetry.attempt,
      upstream,
      services: this.#services,
      passthrough: this.#passthrough,
      via,
      outermost,
      lookInside: (service) => this.#lookInside(service),
    }
    this.#services.update(this.#configuration.current.services, this.#sidecar)
    this.#runtime = compile(this.#configuration.current, this.#context)
    this.#drain = new Drain(clock, this.#drainTimes, [], undefined)
    this.#pseudonym = pseudonym
  }

  readonly #pseudonym: string

  /** The flags over the files; at a reload what a running process cannot change stays as it was at the start. */
  #adapt(config: Config, first: SidecarDocument | undefined): Config {
    if (first === undefined) return { ...config, sidecar: withFlags(config.sidecar, this.#options) }
    this.#noteChanges(first, config.sidecar)
    const { outbound } = first
    const stated = withFlags(config.sidecar, this.#options).outbound
    const unknownHosts = stated?.unknownHosts ?? outbound?.unknownHosts ?? 'refuse'
    return { ...config, sidecar: { ...first, outbound: outbound && { ...outbound, unknownHosts } } }
  }

  /** Listeners, limits and the like hold until the next start; whoever changed them is told. */
  #noteChanges(first: SidecarDocument, now: SidecarDocument): void {
    if (now.place === undefined) return
    const changed = changedKeys(first, withFlags(now, this.#options))
    if (changed.length === 0) return
    const message = `the Sidecar document changed in ${changed.join(', ')}: that takes effect at the next start`
    this.#options.log.warn(message, { file: now.place.file })
  }

  // ---------------------------------------------------------------- start

  async open(): Promise<void> {
    const { inbound, outbound, admin, limits } = this.#sidecar
    const trust = new Trust(this.#sidecar.trust)
    const interception = await this.#openInterception()
    for (const [index, entry] of inbound.entries()) {
      for (const { listen, begin } of entrances(entry, interception, this.#options.portMap ?? [])) {
        const listener = await TrafficListener.open(
          listen,
          'inbound',
          limits.maxConnections,
          (closed) => this.#receiver('inbound', trust, () => this.#runtime.inbound[index] as Dispatch, closed),
          this.#security(entry),
          begin,
        )
        this.#inboundListeners.push(listener)
      }
    }
    if (outbound !== undefined) {
      this.#outboundListener = await TrafficListener.open(
        outbound.listen,
        'outbound',
        limits.maxConnections,
        (closed) => this.#receiver('outbound', trust, () => this.#runtime.outbound, closed),
        undefined,
        outbound.transparent ? interception.outbound() : undefined,
      )
    }
    this.#drain = new Drain(this.#clock, this.#drainTimes, this.#inboundListeners, this.#outboundListener)
    this.#telemetry.observe({
      snapshots: () => this.#states.snapshots(),
      endpoints: () => this.#endpoints(),
      replayBytes: () => this.#replay.used,
      connections: (direction) => this.#connections(direction),
      config: () => this.#configSample(),
      connectionsDropped: (direction) => this.#listeners(direction).reduce((sum, { dropped }) => sum + dropped, 0),
      pressure: () => this.#overload.pressure(),
      certificates: () => this.#certificates.samples(this.#configuration.current),
      hosts: (name) => this.#runtime.config.services.find((service) => service.name === name)?.hosts ?? [],
      opaque: () => interception.rows(),
      propagate: (name) => this.#runtime.config.services.find((service) => service.name === name)?.propagate ?? 'all',
    })
    this.#adminListener = await startAdmin(admin.listen, this.#adminSource(), this.#clock)
    const listeners = [...this.#listeners('inbound'), ...this.#listeners('outbound')]
    this.#ports = [...listeners.map(({ port }) => port), portOf(this.#adminListener.address)]
    this.inbound = this.#inboundListeners.map(({ address }) => address)
    this.outbound = this.#outboundListener?.address ?? ''
    this.admin = this.#adminListener.address
    this.#watch = new FileWatch(this.#options.paths, this.#clock, () => this.reload())
    this.#watchCertificates()
    this.#overload.start()
    this.#opened = true
  }

  async #openInterception(): Promise<Interception> {
    const options = this.#options
    const parts: InterceptionParts = {
      log: options.log,
      random: this.#context.random,
      originals: options.originals ?? (await loadOriginals(this.#sidecar, options.portMap ?? [], options.log)),
      own: new OwnAddresses(this.#clock),
      appPorts: options.appPorts ?? new Map(),
      opaquePorts: options.opaquePorts ?? [],
      listenerPorts: () => this.#ports,
    }
    const find = (name: string) => this.#services.service(name)
    this.#interception = new Interception(parts, this.#configuration.current, find)
    return this.#interception
  }

  #security({ tls }: SidecarDocument['inbound'][number]): ListenerSecurity | undefined {
    if (tls === undefined) return undefined
    const material = this.#certificates.of(listenerFiles(tls))
    return { material, clientAuth: tls.clientCa === '' ? 'none' : tls.clientAuth }
  }

  /** Apart from the policies: neither has to wait until nothing is wrong with the other. */
  #watchCertificates(): void {
    this.#certificateWatch?.close()
    const { paths } = this.#certificates
    const renew = () => this.#certificates.refresh()
    this.#certificateWatch = paths.length === 0 ? undefined : new FileWatch(paths, this.#clock, renew)
  }

  #receiver(
    direction: 'inbound' | 'outbound',
    trust: Trust,
    dispatch: () => Dispatch,
    closed: (connection: IncomingConnection) => void,
  ): Receiver {
    const looped = this.#context.outermost((_request, response) =>
      refuse(response, new ProxyError('loop_detected', 'downstream', 'no', 'Via names this very instance')),
    )
    const overloaded = this.#context.outermost((request, response) => {
      this.#telemetry.events.decided(request.exchange, 'overload', 'refused', 'enforce')
      return refuse(response, OVERLOADED)
    })
    return new Receiver({
      direction,
      limits: this.#sidecar.limits,
      clock: this.#clock,
      random: this.#context.random,
      trust,
      pseudonym: this.#pseudonym,
      dispatch,
      looped,
      lastHop: this.#context.outermost(finalRecipient),
      overload: { shedding: this.#overload, dispatch: overloaded },
      draining: () => this.#overload.closing || this.#draining(direction),
      refused: ({ reason, cause }) => {
        this.#telemetry.refused(reason, direction)
        if (reason === 'tls_failure') this.#handshakeLog.failed(direction, cause)
      },
      violation: (how) => this.#telemetry.violation(how, 'client', direction),
      defect: (where, error) => this.#telemetry.events.defect(where, error),
      closed,
    })
  }

  get #drainTimes(): DrainTimes {
    return drainTimes(this.#sidecar.drain, this.#options.lifecycle ?? ALONE)
  }

  /** Of a tunnel to a Service with policies: its requests are taken as those of the outbound listener are. */
  #lookInside(service: string): Layer {
    const dispatch = () => this.#runtime.inside.get(service) ?? this.#runtime.outbound
    const receiver = () => this.#receiver('outbound', new Trust(this.#sidecar.trust), dispatch, () => {})
    let owner: Receiver | undefined
    return lookInside({
      clock: this.#clock,
      owner: () => (owner ??= receiver()),
      passes: () => this.#interception?.tunnelPasses(service),
    })
  }

  #draining(direction: 'inbound' | 'outbound'): boolean {
    return direction === 'inbound' ? this.#drain.inboundDraining : this.#drain.outboundDraining
  }

  #signals(lag: number): Signals {
    const listeners = [...this.#listeners('inbound'), ...this.#listeners('outbound')]
    const connections = Math.max(0, ...listeners.map(({ fullness }) => fullness))
    const measured = { lag, heap: heapShare(), memory: memoryShare(), connections }
    return this.#options.signals?.(measured) ?? measured
  }

  // ---------------------------------------------------------------- while it runs

  /** Takes over the files as they are now; keeps the last good configuration when they cannot be used. */
  reload(): boolean {
    this.#certificates.refresh()
    if (!this.#configuration.reload()) return false
    const config = this.#configuration.current
    this.#certificates.adopt(config)
    this.#watchCertificates()
    const { retire } = this.#services.update(config.services, config.sidecar)
    this.#runtime = compile(config, this.#context)
    this.#interception?.update(config, (name) => this.#services.service(name))
    this.#states.prune(this.#runtime.statements)
    retire()
    this.#options.log.info('configuration reloaded', { hash: config.hash, warnings: config.warnings.length })
    return true
  }

  /** What nobody caught, such as a throw on a timer: counted and logged as what sockets catch is. */
  defect(where: string, error: unknown): void {
    this.#telemetry.events.defect(where, error)
  }

  /** Readiness off, and clients are sent away answer by answer; everything is still taken. */
  announce(): void {
    this.#drain.announce()
  }

  /** Readiness off, then the drain; settles when it is over. The admin listener stays. */
  drain(): Promise<void> {
    return this.#drain.start()
  }

  /** Ends everything that is left. */
  async close(): Promise<void> {
    this.#opened = false
    this.#watch?.close()
    this.#certificateWatch?.close()
    this.#drain.cancel()
    this.#overload.stop()
    for (const listener of this.#inboundListeners) listener.destroy()
    this.#outboundListener?.destroy()
    this.#services.close()
    this.#passthrough.close()
    this.#states.close()
    await this.#adminListener?.close()
    await this.#telemetry.close()
  }

  #connections(direction: 'inbound' | 'outbound'): number {
    return this.#listeners(direction).reduce((sum, { connections }) => sum + connections, 0)
  }

  #listeners(direction: 'inbound' | 'outbound'): readonly TrafficListener[] {
    if (direction === 'inbound') return this.#inboundListeners
    return this.#outboundListener === undefined ? [] : [this.#outboundListener]
  }

  #endpoints(): Iterable<EndpointSample> {
    return endpointSamples(this.#services.all(), this.#states.snapshots())
  }

  #configSample() {
    const { current, lastReloadSuccess, loadedAt } = this.#configuration
    return { hash: current.hash, lastReloadSuccess, loadedAt, warnings: current.warnings.length }
  }

  #state(): State {
    const connections = { inbound: this.#connections('inbound'), outbound: this.#connections('outbound') }
    const now = this.#clock.now()
    const snapshots = this.#states.snapshots()
    const overload = this.#overload.view()
    return stateView(snapshots, this.#endpoints(), this.#drain, this.#startedAt, now, connections, overload)
  }

  #adminSource(): AdminSource {
    return {
      live: () => true,
      ready: () => this.#opened && this.#drain.phase === 'serving',
      started: () => this.#opened,
      metrics: (accept) => this.#telemetry.metrics(accept),
      config: () => configView(this.#configuration),
      state: () => this.#state(),
      frame: () => {
        const { version } = this.#options
        const totals = this.#telemetry.totals()
        return liveView(this.#state(), this.#sidecar.name, version, this.#configSample(), totals, this.#clock.now())
      },
      appHealth: (name) => this.#appHealth.of(name),
      ended: (seen) => ({ count: this.#telemetry.endings.count, records: this.#telemetry.endings.since(seen) }),
      tap: (listener) => this.#telemetry.endings.listen(listener),
      paths: this.#options.pagePaths === true,
      explain: (query) => explainLive(this.#runtime.config, query),
      announce: () => this.announce(),
      drain: () => void this.drain(),
      quit: () => void this.drain().then(() => this.#options.onQuit?.()),
      breaker: (id) => this.#states.breaker(id),
    }
  }
}

/** What differs, but for what a reload takes over and where it stands. */
function changedKeys(one: SidecarDocument, other: SidecarDocument): string[] {
  const keys = Object.keys(one) as (keyof SidecarDocument)[]
  const text = (document: SidecarDocument, key: keyof SidecarDocument) =>
    JSON.stringify(key === 'outbound' ? [document.outbound?.listen, document.outbound?.transparent] : document[key])
  return keys.filter((key) => key !== 'place' && key !== 'name' && text(one, key) !== text(other, key))
}
