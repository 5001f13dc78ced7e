/** What a sidecar is put together from: files read and everything made that requests will meet, but no socket open yet. */
import type { SidecarDocument } from '../config/model.ts'
import { CacheAccount } from '../core/cache-account.ts'
import { type Clock, SystemClock } from '../core/clock.ts'
import { DateField } from '../core/date-field.ts'
import type { Layer } from '../core/exchange.ts'
import { type Random, systemRandom } from '../core/random.ts'
import { OwnAddresses } from '../net/own-addresses.ts'
import { ReplayAccount } from '../core/replay-buffer.ts'
import { Via } from '../core/via.ts'
import { lookInside } from '../server/inside-tunnel.ts'
import type { Receiver } from '../server/receiver.ts'
import { createRescue } from '../server/rescue.ts'
import { createTelemetry, type Direction, type Telemetry } from '../telemetry/index.ts'
import { loadDoor } from '../net/door.ts'
import { Passthrough } from '../upstream/passthrough.ts'
import { AppHealth } from './app-health/app-health.ts'
import { type CompileContext, compile, type Runtime } from './compile.ts'
import { Configuration } from './configuration.ts'
import { KubernetesDiscovery } from './discovery.ts'
import { Drain } from './drain.ts'
import type { Interception } from './interception/interception.ts'
import { KeptStates } from './kept-state.ts'
import { ALONE, drainTimes } from './lifecycle.ts'
import { Listeners } from './listeners.ts'
import { heldUntilNextStart } from './next-start.ts'
import type { Signals } from './overload/decide.ts'
import { Overload } from './overload/overload.ts'
import { heapShare, memoryShare } from './overload/space.ts'
import { type MakeReceiver, receivers } from './receivers.ts'
import { Services } from './services.ts'
import type { SidecarOptions } from './sidecar-options.ts'
import { Certificates } from './tls/certificates.ts'
import { HandshakeLog } from './tls/handshake-log.ts'

/** Towards strangers, where they are let through at all. */
const STRANGERS = { maxPerEndpoint: 256, idle: 4000, maxAge: 600_000, http2Streams: 100 } as const

export class Parts {
  readonly options: SidecarOptions
  readonly clock: Clock
  readonly random: Random
  readonly startedAt: number
  readonly appHealth: AppHealth
  readonly certificates: Certificates
  readonly configuration: Configuration
  /** As it was at the start, with the flags. */
  readonly sidecar: SidecarDocument
  readonly telemetry: Telemetry
  readonly states = new KeptStates()
  readonly services: Services
  readonly passthrough: Passthrough
  readonly replay: ReplayAccount
  readonly overload: Overload
  readonly context: CompileContext
  readonly makeReceiver: MakeReceiver
  readonly listeners = new Listeners()
  readonly drain: Drain
  /** A reload makes another. */
  runtime: Runtime
  /** Made when the listeners are opened. */
  interception: Interception | undefined

  /** Throws a ConfigError, or an Error whose message is a sentence. */
  constructor(options: SidecarOptions) {
    const { log, paths, name, version, environment, pagePaths = false } = options
    const clock = options.clock ?? new SystemClock()
    const random = options.random ?? systemRandom()
    this.options = options
    this.clock = clock
    this.random = random
    this.startedAt = clock.now()
    this.appHealth = new AppHealth(environment, clock, log)
    this.certificates = new Certificates(clock, log)
    const adapt = heldUntilNextStart(options, log)
    const { check: tls } = this.certificates
    const lenient = options.lenientStart === true
    this.configuration = new Configuration({ paths, name, adapt, clock, log, tls, lenient })
    const config = this.configuration.current
    const { sidecar } = config
    const { limits } = sidecar
    this.sidecar = sidecar
    this.certificates.adopt(config)
    const telemetry = createTelemetry({ sidecar, clock, random, log, version, environment, pagePaths })
    this.telemetry = telemetry
    const upstream = {
      clock,
      random,
      violation: (how: string) => telemetry.violation(how, 'upstream', ''),
      defect: telemetry.events.defect.bind(telemetry.events),
    }
    const discovery = new KubernetesDiscovery(options.kubernetes ?? {}, environment, clock, random, log)
    this.services = new Services(upstream, log, this.certificates, discovery)
    const ownAddresses = new OwnAddresses(clock)
    this.passthrough = new Passthrough(
      { ...STRANGERS, limits, believesPeer: false, protocol: 'auto', hostHeader: 'keep', tls: undefined },
      upstream,
      { takes: (port) => this.listeners.takesOutbound(port), has: (address) => ownAddresses.has(address) },
    )
    const signals = (lag: number) => this.#signals(lag)
    this.overload = new Overload({ clock, random, log, signals, late: (lag) => telemetry.late(lag) })
    this.replay = new ReplayAccount(limits.maxReplayBytes)
    const pseudonym = `outrigger-${sidecar.name}-${random.word().toString(36)}`
    const via = new Via(pseudonym)
    const rescue = createRescue(via, new DateField(clock))
    const outermost: Layer = (next) => telemetry.server(rescue(next))
    this.context = {
      clock,
      random,
      events: telemetry.events,
      replay: this.replay,
      cache: new CacheAccount(limits.maxCacheBytes),
      states: this.states,
      attempt: telemetry.attempt,
      upstream,
      services: this.services,
      passthrough: this.passthrough,
      via,
      outermost,
      lookInside: (service) => this.#lookInside(service),
    }
    this.makeReceiver = receivers({
      sidecar,
      clock,
      random,
      pseudonym,
      outermost,
      telemetry,
      overload: this.overload,
      handshakeLog: new HandshakeLog(clock, log),
      draining: (direction) => this.#draining(direction),
    })
    this.services.update(config.services, sidecar)
    this.runtime = compile(config, this.context)
    this.drain = new Drain(
      clock,
      drainTimes(sidecar.drain, options.lifecycle ?? ALONE),
      this.listeners,
      options.shutsDoor === true ? loadDoor : undefined,
    )
  }

  /** Of a tunnel to a Service with policies: its requests are taken as those of the outbound listener are. */
  #lookInside(service: string): Layer {
    const dispatch = () => this.runtime.inside.get(service) ?? this.runtime.outbound
    let owner: Receiver | undefined
    const inner = () => this.listeners.outbound[0]?.inner
    return lookInside({
      clock: this.clock,
      owner: () => (owner ??= this.makeReceiver('outbound', dispatch, (gone) => void inner()?.delete(gone))),
      begins: (connection) => void inner()?.add(connection),
      passes: (why) => this.interception?.tunnelPasses(service, why),
    })
  }

  #draining(direction: Direction): boolean {
    return direction === 'inbound' ? this.drain.inboundDraining : this.drain.outboundDraining
  }

  #signals(lag: number): Signals {
    const measured = { lag, heap: heapShare(), memory: memoryShare(), connections: this.listeners.fullness }
    return this.options.signals?.(measured) ?? measured
  }
}
