/** Redirected connections: where each was going, what it speaks, and so who takes it. */
// cold file: once a connection
import type { Socket } from 'node:net'
import type { Config } from '../../config/model.ts'
import type { AppPorts } from '../../config/values/app-ports.ts'
import { includesPort, type PortRange } from '../../config/values/ports.ts'
import { ProxyError, type Reason } from '../../core/errors.ts'
import type { OpaqueRow, OpaqueWhy } from '../../core/opaque.ts'
import { OriginalDestination } from '../../core/original-destination.ts'
import type { Random } from '../../core/random.ts'
import type { IncomingConnection } from '../../http/server-side.ts'
import { breakOff } from '../../net/encrypted.ts'
import type { OriginalDestinations } from '../../net/original-destination.ts'
import type { OwnAddresses } from '../../net/own-addresses.ts'
import type { Reading } from '../../net/shared-read.ts'
import { type Passage, Splice } from '../../opaque/splice.ts'
import type { Receiver } from '../../server/receiver.ts'
import { type Opaque, Redirected } from '../../server/redirected.ts'
import { RedirectedOwner } from '../../server/redirected-owner.ts'
import type { Log } from '../../telemetry/index.ts'
import type { Service } from '../../upstream/service.ts'
import type { Begin } from '../traffic-listener.ts'
import { InboundPorts, type Treatment } from './inbound-ports.ts'
import { OpaqueRows } from './opaque-rows.ts'
import { type OpaqueRules, opaqueRules } from './opaque-rules.ts'
import { OutboundServices } from './outbound-services.ts'

export interface InterceptionParts {
  readonly log: Log
  readonly random: Random
  /** undefined: it cannot be asked where connections were going. */
  readonly originals: OriginalDestinations | undefined
  readonly own: OwnAddresses
  readonly appPorts: AppPorts
  /** Where servers speak first. */
  readonly opaquePorts: readonly PortRange[]
  /** Of all listeners of this process. */
  listenerPorts(): readonly number[]
}

type Direction = 'inbound' | 'outbound'

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
      const original = port === undefined ? this.#parts.originals?.of(socket) : mapped(socket, port)
      if (original === undefined || this.#isOurs(original)) return refuse(socket, receiver, 'loop_detected', original)
      // A packet for another machine that was sent to this one, by a neighbour who hopes that we pass it on.
      if (!this.#parts.own.has(original.host)) return refuse(socket, receiver, 'route_not_found', original)
      const owner = new RedirectedOwner(receiver, original)
      const treatment = bytes ? BYTES : this.#ports.treat(original.port)
      const passOn = (opaque: Opaque) => this.#passInbound(socket, reading, owner, original, opaque)
      if (treatment.kind === 'opaque') return passOn(atOnce(treatment.why))
      return new Redirected({ socket, reading, owner, httpOnly: treatment.kind === 'http', decided, passOn })
    }
  }

  /** For a listener before one application, of which it is said that it speaks no HTTP. */
  inboundBytes(app: { readonly host: string; readonly port: number }): Begin {
    return (socket, reading, receiver) => {
      const to = new OriginalDestination(app.host, app.port)
      return this.#passInbound(socket, reading, receiver, to, atOnce('declared'))
    }
  }

  /** undefined: it cannot be asked where connections were going, so only what they say counts. */
  outbound(): Begin | undefined {
    if (this.#parts.originals === undefined) return undefined
    return (socket, reading, receiver, decided) => {
      const original = this.#parts.originals?.of(socket)
      if (original === undefined || this.#isOurs(original)) return refuse(socket, receiver, 'loop_detected', original)
      const owner = new RedirectedOwner(receiver, original)
      const passOn = (opaque: Opaque) => this.#passOutbound(socket, reading, owner, original, opaque)
      if (includesPort(this.#parts.opaquePorts, original.port)) return passOn(atOnce('listed'))
      const isStrange = (authority: string) => this.#services.isStrange(authority, original)
      return new Redirected({ socket, reading, owner, httpOnly: false, decided, passOn, isStrange })
    }
  }

  /** Whoever comes to a listener of ours without a detour would be sent to it again. */
  #isOurs({ host, port }: OriginalDestination): boolean {
    const { own, listenerPorts } = this.#parts
    return listenerPorts().includes(port) && own.has(host)
  }

  #passInbound(
    socket: Socket,
    reading: Reading,
    owner: Owner,
    { host, port }: OriginalDestination,
    opaque: Opaque,
  ): IncomingConnection {
    const destination = this.#config.sidecar.name
    return this.#splice(
      socket,
      reading,
      owner,
      'inbound',
      { destination, host, port, rules: this.#rulesOf(port) },
      opaque,
    )
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
    socket: Socket,
    reading: Reading,
    owner: Owner,
    original: OriginalDestination,
    opaque: Opaque,
  ): IncomingConnection | undefined {
    const way = this.#services.find(original, opaque.serverName)
    if (way === 'unknown') return refuse(socket, owner, 'route_not_found', original)
    if (way === 'empty') return refuse(socket, owner, 'no_endpoints', original)
    return this.#splice(socket, reading, owner, 'outbound', way, opaque)
  }

  #splice(
    socket: Socket,
    reading: Reading,
    owner: Owner,
    direction: Direction,
    { destination, host, port, rules }: Destined,
    { why, first, ended }: Opaque,
  ): Splice {
    const row = this.#rows.of(direction, destination)
    if (rules.guarded) this.#tellUnguarded(row, port, why)
    const { connectTimeout, idleTimeout } = rules
    const passage: Passage = { host, port, why, row, connectTimeout, idleTimeout }
    return new Splice(socket, reading, passage, owner, first, ended)
  }

  /** Bytes in a tunnel to a Service with policies, which hold for the tunnel as a whole. */
  tunnelPasses(service: string): void {
    this.#tellUnguarded(this.#rows.of('outbound', service), 0, 'not_http')
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

/** What a splice and a refusal need of whoever receives. */
type Owner = Pick<Receiver, 'clock' | 'closed' | 'refusal' | 'defect'>

interface Destined {
  readonly destination: string
  readonly host: string
  readonly port: number
  readonly rules: OpaqueRules
}

function atOnce(why: OpaqueWhy): Opaque {
  return { why, serverName: '', first: undefined, ended: false }
}

/** REDIRECT leads to the address of the interface that the connection came in by, which in a pod is the one it was going to. */
function mapped({ localAddress }: Socket, port: number): OriginalDestination | undefined {
  if (localAddress === undefined) return undefined
  return new OriginalDestination(localAddress.startsWith('::ffff:') ? localAddress.slice(7) : localAddress, port)
}

/** Reset, so that nobody takes it for an answer. */
function refuse(
  socket: Socket,
  owner: Pick<Owner, 'refusal'>,
  reason: Reason,
  original: OriginalDestination | undefined,
): undefined {
  const cause = `a connection to ${original?.address ?? 'nowhere that is known'}`
  owner.refusal(new ProxyError(reason, 'downstream', 'no', cause))
  // A reset that meets another on its way is nothing to tell anybody.
  socket.on('error', () => {})
  breakOff(socket)
  return undefined
}
