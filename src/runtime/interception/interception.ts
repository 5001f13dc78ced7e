/** Redirected connections: where each was going, what it speaks, and so who takes it. */
// cold file: once a connection
import type { Socket } from 'node:net'
import type { Config } from '../../config/model.ts'
import type { AppPorts } from '../../config/values/app-ports.ts'
import { includesPort, type PortRange } from '../../config/values/ports.ts'
import type { OpaqueConnection, OpaqueRow, OpaqueWhy } from '../../core/opaque.ts'
import { OriginalDestination } from '../../core/original-destination.ts'
import type { Random } from '../../core/random.ts'
import type { IncomingConnection } from '../../http/server-side.ts'
import type { OriginalDestinations } from '../../net/original-destination.ts'
import type { OwnAddresses } from '../../net/own-addresses.ts'
import type { Reading } from '../../net/shared-read.ts'
import { Splice } from '../../opaque/splice.ts'
import { Upstream } from '../../opaque/upstream.ts'
import { type Opaque, Redirected } from '../../server/redirected.ts'
import { RedirectedOwner } from '../../server/redirected-owner.ts'
import type { Log } from '../../telemetry/index.ts'
import type { Service } from '../../upstream/service.ts'
import type { Begin } from '../traffic-listener.ts'
import { type Accepted, atOnce, type Direction, isGone, leave, mapped, type Owner, refuse } from './accepted.ts'
import { InboundPorts, type Treatment } from './inbound-ports.ts'
import type { LoopGuard } from './loop-guard.ts'
import { OpaqueRows } from './opaque-rows.ts'
import { type OpaqueRules, opaqueRules } from './opaque-rules.ts'
import { OutboundServices, type Way } from './outbound-services.ts'

export interface InterceptionParts {
  readonly log: Log
  readonly random: Random
  /** undefined: it cannot be asked where connections were going. */
  readonly originals: OriginalDestinations | undefined
  readonly own: OwnAddresses
  readonly appPorts: AppPorts
  /** undefined: it cannot be asked whose a connection is. */
  readonly loopGuard: LoopGuard | undefined
  /** Where servers speak first. */
  readonly opaquePorts: readonly PortRange[]
  /** The access log's line of a connection that passed as bytes; undefined: there is no access log. */
  readonly record: ((connection: OpaqueConnection) => void) | undefined
  /** Of all listeners of this process. */
  listenerPorts(): readonly number[]
}

export class Interception {
  readonly #parts: InterceptionParts
  readonly #rows: OpaqueRows
  /** What was said in the log already. */
  readonly #told: Set<string>
  /** By port: there are no more of them than ports that passed bytes. */
  readonly #inboundRules: Map<number, OpaqueRules>
  #config: Config
  #ports: InboundPorts
  #services: OutboundServices

  constructor(parts: InterceptionParts, config: Config, find: (name: string) => Service) {
    this.#parts = parts
    this.#rows = new OpaqueRows()
    this.#told = new Set()
    this.#inboundRules = new Map()
    this.#config = config
    this.#ports = this.#portsOf(config)
    this.#services = new OutboundServices(config, find, parts.random)
  }

  /** Takes over what a reload brought, for the connections that come from now on. */
  update(config: Config, find: (name: string) => Service): void {
    this.#config = config
    this.#ports = this.#portsOf(config)
    this.#services = new OutboundServices(config, find, this.#parts.random)
    this.#told.clear()
    this.#inboundRules.clear()
  }

  #portsOf({ policies, sidecar }: Config): InboundPorts {
    return new InboundPorts(policies, sidecar.name, this.#parts.appPorts, this.#parts.opaquePorts)
  }

  rows(): Iterable<OpaqueRow> {
    return this.#rows.all()
  }

  /**
   * `bytes`: nothing is looked into, on whichever port. `port` for a listener to which the firewall leads that one alone;
   * without it the kernel is asked.
   */
  inbound(bytes: boolean, port?: number): Begin {
    return (socket, reading, receiver, decided) => {
      if (isGone(socket)) return leave(socket)
      const original = port === undefined ? this.#parts.originals?.of(socket) : mapped(socket, port)
      if (original === undefined || this.#isOurs(original)) return refuse(socket, receiver, 'loop_detected', original)
      // A packet for another machine that was sent to this one, by a neighbour who hopes that we pass it on.
      if (!this.#parts.own.has(original.host)) return refuse(socket, receiver, 'route_not_found', original)
      const owner = new RedirectedOwner(receiver, original)
      const treatment = bytes ? BYTES : this.#ports.treat(original.port)
      const accepted = this.#accepted(socket, reading, owner, 'inbound', original.address)
      const way = () => this.#inboundWay(original)
      const passOn = (opaque: Opaque) => this.#splice(accepted, way(), opaque)
      if (treatment.kind === 'opaque') return passOn(atOnce(treatment.why))
      const reach = () => new Upstream(way(), owner.clock)
      const httpOnly = treatment.kind === 'http'
      return new Redirected({ socket, reading, owner, httpOnly, reach, decided, passOn })
    }
  }

  /** For a listener before one application, of which it is said that it speaks no HTTP. */
  inboundBytes(app: { readonly host: string; readonly port: number }): Begin {
    return (socket, reading, receiver) => {
      const to = new OriginalDestination(app.host, app.port)
      const accepted = this.#accepted(socket, reading, receiver, 'inbound', to.address)
      return this.#splice(accepted, this.#inboundWay(to), atOnce('declared'))
    }
  }

  /** undefined: it cannot be asked where connections were going, so only what they say counts. */
  outbound(): Begin | undefined {
    if (this.#parts.originals === undefined) return undefined
    return (socket, reading, receiver, decided) => {
      if (isGone(socket)) return leave(socket)
      const { originals, loopGuard } = this.#parts
      const original = originals?.of(socket)
      if (original === undefined || this.#isOurs(original)) return refuse(socket, receiver, 'loop_detected', original)
      if (loopGuard?.isOurs(socket.remotePort ?? 0, original) === true) {
        return refuse(socket, receiver, 'loop_detected', original)
      }
      const owner = new RedirectedOwner(receiver, original)
      const accepted = this.#accepted(socket, reading, owner, 'outbound', original.address)
      /** Of a client that said nothing; chance may choose another endpoint the next time. */
      let silent: Way | undefined
      const passOn = (opaque: Opaque) => this.#passOutbound(accepted, original, silent, opaque)
      const reach = () => {
        const way = this.#services.find(original, '')
        if (typeof way === 'string') return undefined
        silent = way
        return new Upstream(way, owner.clock)
      }
      if (includesPort(this.#parts.opaquePorts, original.port)) return passOn(atOnce('listed'))
      const isStrange = (authority: string) => this.#services.isStrange(authority, original)
      return new Redirected({ socket, reading, owner, httpOnly: false, reach, decided, passOn, isStrange })
    }
  }

  /** Whoever comes to a listener of ours without a detour would be sent to it again. */
  #isOurs({ host, port }: OriginalDestination): boolean {
    const { own, listenerPorts } = this.#parts
    return listenerPorts().includes(port) && own.has(host)
  }

  #accepted(socket: Socket, reading: Reading, owner: Owner, direction: Direction, original: string): Accepted {
    return { socket, reading, owner, direction, original, at: owner.clock.now() }
  }

  #inboundWay({ host, port }: OriginalDestination): Way {
    return { destination: this.#config.sidecar.name, host, port, ...this.#rulesOf(port) }
  }

  #rulesOf(port: number): OpaqueRules {
    const known = this.#inboundRules.get(port)
    if (known !== undefined) return known
    const { policies, sidecar } = this.#config
    const { name } = sidecar
    const rules = opaqueRules(policies, { direction: 'inbound', service: name, workload: name, port })
    this.#inboundRules.set(port, rules)
    return rules
  }

  #passOutbound(
    accepted: Accepted,
    original: OriginalDestination,
    silent: Way | undefined,
    opaque: Opaque,
  ): IncomingConnection | undefined {
    if (silent !== undefined && opaque.serverName === '') return this.#splice(accepted, silent, opaque)
    // It goes by its name, which need not lead to where a connection stands already.
    opaque.upstream?.discard()
    const way = this.#services.find(original, opaque.serverName)
    if (way === 'unknown') return refuse(accepted.socket, accepted.owner, 'route_not_found', original)
    if (way === 'empty') return refuse(accepted.socket, accepted.owner, 'no_endpoints', original)
    return this.#splice(accepted, way, { ...opaque, upstream: undefined })
  }

  #splice(accepted: Accepted, way: Way, { why, serverName, first, ended, upstream }: Opaque): Splice {
    const { socket, reading, owner, direction, original, at } = accepted
    const row = this.#rows.of(direction, way.destination)
    if (way.guarded) this.#tellUnguarded(row, way.port, why)
    return new Splice({
      client: socket,
      reading,
      upstream: upstream ?? new Upstream(way, owner.clock),
      why,
      row,
      owner,
      acceptedAt: at,
      original,
      serverName,
      log: this.#parts.record,
      first,
      ended,
    })
  }

  /** Bytes in a tunnel to a Service with policies, which hold for the tunnel as a whole. */
  tunnelPasses(service: string, why: OpaqueWhy): void {
    this.#tellUnguarded(this.#rows.of('outbound', service), 0, why)
  }

  #tellUnguarded(row: OpaqueRow, port: number, why: OpaqueWhy): void {
    row.unguarded++
    const { direction, destination } = row
    const key = `${direction} ${destination} ${why}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#parts.log.warn('connections pass as bytes though policies match their destination', {
      direction,
      destination,
      port,
      why,
    })
  }
}

/** The file says of a whole listener that it is not HTTP. */
const BYTES: Treatment = { kind: 'opaque', why: 'declared' }
