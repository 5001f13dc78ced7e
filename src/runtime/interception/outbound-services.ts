/** Which Service a connection belongs to that names none by Host: by the name in its ClientHello, or by where it was going. */
import type { Config, ServiceDocument } from '../../config/model.ts'
import type { OriginalDestination } from '../../core/original-destination.ts'
import type { Random } from '../../core/random.ts'
import { HostTable } from '../../routing/hosts.ts'
import type { Service } from '../../upstream/service.ts'
import { type OpaqueRules, opaqueRules, STRANGERS_RULES } from './opaque-rules.ts'

export interface Way extends OpaqueRules {
  /** A Service's name, inbound the Sidecar's, or `passthrough`. */
  readonly destination: string
  readonly host: string
  readonly port: number
}

/** `unknown`: no Service, and strangers are refused. `empty`: its Service has no endpoint that may be used. */
export type NoWay = 'unknown' | 'empty'

interface Known {
  readonly document: ServiceDocument
  readonly service: Service
  readonly rules: OpaqueRules
}

export class OutboundServices {
  /** Names are looked up with the port they were asked on, which matters only where `hosts` names one. */
  readonly #hosts: HostTable<Known>
  readonly #known: readonly Known[]
  readonly #strangers: boolean
  readonly #random: Random

  constructor({ services, policies, sidecar }: Config, find: (name: string) => Service, random: Random) {
    this.#hosts = new HostTable<Known>(443)
    this.#known = services.map((document) => {
      const { name } = document
      const to = { direction: 'outbound', service: name, workload: sidecar.name, port: undefined } as const
      const known = { document, service: find(name), rules: opaqueRules(policies, to) }
      for (const host of document.hosts) this.#hosts.add(host, known)
      return known
    })
    this.#strangers = sidecar.outbound?.unknownHosts === 'passthrough'
    this.#random = random
  }

  /** `serverName` is '' where the connection is not one of TLS, or names nobody. */
  find(original: OriginalDestination, serverName: string): Way | NoWay {
    const named = serverName === '' ? undefined : this.#hosts.lookup(`${serverName}:${original.port}`)
    // Its endpoints have to be some that are spoken to over TLS; else the client knows better where to.
    if (named?.document.tls !== undefined) return this.#pick(named)
    const addressed = this.#hosts.lookup(original.address)
    if (addressed !== undefined) return this.#pick(addressed)
    const owner = this.#ownerOf(original)
    if (owner !== undefined) return { ...owner.rules, ...at(original), destination: owner.document.name }
    if (!this.#strangers) return 'unknown'
    return { ...STRANGERS_RULES, ...at(original), destination: 'passthrough' }
  }

  /** Neither the name in a request to a forward proxy nor the proxy's address is a Service's. */
  isStrange(authority: string, original: OriginalDestination): boolean {
    if (!this.#strangers || this.#hosts.lookup(authority) !== undefined) return false
    return this.#hosts.lookup(original.address) === undefined && this.#ownerOf(original) === undefined
  }

  /** The Service of which it is an endpoint. */
  #ownerOf({ host, port }: OriginalDestination): Known | undefined {
    return this.#known.find(({ service }) => service.endpoints.some((it) => it.port === port && it.host === host))
  }

  /** Bytes have no request for a balancer to look at. */
  #pick({ service, rules }: Known): Way | NoWay {
    const { ready, name } = service
    const endpoint = ready[Math.floor(this.#random.fraction() * ready.length)]
    if (endpoint === undefined) return 'empty'
    return { ...rules, destination: name, host: endpoint.host, port: endpoint.port }
  }
}

function at({ host, port }: OriginalDestination): { host: string; port: number } {
  return { host, port }
}
