/** The services of a configuration, with endpoints that behave as the workload says. */
import type { Config, HostPort, ServiceDocument, SidecarDocument } from '../config/model.ts'
import type { Dispatch } from '../core/exchange.ts'
import { type Balancing, createBalancer } from '../upstream/balance/create.ts'
import type { EndpointSettings } from '../upstream/endpoint.ts'
import { EndpointGroup } from '../upstream/endpoint-group.ts'
import type { UpstreamContext } from '../upstream/context.ts'
import type { Service } from '../upstream/service.ts'
import { type Conduct, SimulatedEndpoint } from './endpoint.ts'
import type { Engine } from './engine.ts'
import { originOf } from './origin.ts'
import type { Recorder } from './record/recorder.ts'
import { type Ask, Server } from './server.ts'
import type { Workload } from './workload.ts'

/** What every simulated upstream is made with. */
export interface SimulatedWorld {
  readonly workload: Workload
  readonly engine: Engine
  readonly upstream: UpstreamContext
  readonly recorder: Recorder
  readonly ask: Ask
}

/** As the runtime has it towards the application. */
const NEAR = { maxPerEndpoint: 1024, idle: 4000, maxAge: 600_000, http2Streams: 1000 }
/** As the runtime has it towards hosts that no Service names. */
const FAR = { ...NEAR, maxPerEndpoint: 256, http2Streams: 100 }
/** What hosts that no Service names are called together. */
const STRANGERS = 'passthrough'

/** One endpoint is not picked, whatever stands here. */
const ALONE: Balancing = { algorithm: 'random', hashOn: '' }

/** A name may stand for any number of addresses, and which they were last night nobody has written down. */
function addressesOf({ endpoints, dns, kubernetes }: ServiceDocument): ServiceDocument['endpoints'] {
  if (dns !== undefined) return [{ host: dns.name, port: dns.port, weight: 1 }]
  return kubernetes === undefined ? endpoints : [{ host: kubernetes.service, port: 80, weight: 1 }]
}

/** Nobody checks its health: what its endpoints do, the workload says. */
class SimulatedService extends EndpointGroup {
  constructor(name: string, endpoints: readonly SimulatedEndpoint[], balancing: Balancing, upstream: UpstreamContext) {
    super(name, createBalancer(balancing, upstream.random), upstream, undefined)
    this.replace(endpoints)
  }
}

export class SimulatedServices {
  /** Our own application; there is one instance of it. */
  readonly server: Server
  readonly #world: SimulatedWorld
  readonly #services: ReadonlyMap<string, Service>
  readonly #application: Service
  readonly #strangers = new Map<string, SimulatedEndpoint>()
  readonly #limits: SidecarDocument['limits']

  constructor(config: Config, world: SimulatedWorld) {
    const { sidecar } = config
    this.#world = world
    this.#limits = sidecar.limits
    this.#services = new Map(config.services.map((document) => [document.name, this.#made(document)]))
    this.server = this.#server('')
    const conduct = this.#conduct('', this.server)
    const app = sidecar.inbound[0]?.app as HostPort
    const endpoint = new SimulatedEndpoint(app.host, app.port, 1, this.#settings(NEAR), world.upstream, conduct)
    this.#application = new SimulatedService(sidecar.name, [endpoint], ALONE, world.upstream)
  }

  service(name: string): Service {
    return this.#services.get(name) as Service
  }

  application(): Service {
    return this.#application
  }

  /** Hosts that no Service names, where they are let through: each an endpoint of its own. */
  pick(next: Dispatch): Dispatch {
    return (request, response) => {
      const { attempt, exchange, authority } = request
      attempt.endpoint = this.#stranger(authority)
      attempt.number = ++exchange.attempts
      attempt.startedAt = this.#world.engine.now()
      return next(request, response)
    }
  }

  #stranger(authority: string): SimulatedEndpoint {
    let endpoint = this.#strangers.get(authority)
    if (endpoint === undefined) {
      const conduct = this.#conduct(STRANGERS, this.#server(STRANGERS))
      endpoint = new SimulatedEndpoint(authority, 80, 1, this.#settings(FAR), this.#world.upstream, conduct)
      this.#strangers.set(authority, endpoint)
    }
    return endpoint
  }

  #made(document: ServiceDocument): Service {
    const { name, loadBalancing, connections, protocol, hostHeader } = document
    const addresses = addressesOf(document)
    const settings: EndpointSettings = { ...this.#settings(connections), protocol, hostHeader }
    const made = addresses.map(({ host, port, weight }) => {
      const conduct = this.#conduct(name, this.#server(name))
      return new SimulatedEndpoint(host, port, weight, settings, this.#world.upstream, conduct)
    })
    return new SimulatedService(name, made, loadBalancing, this.#world.upstream)
  }

  #settings(connections: typeof NEAR): EndpointSettings {
    const how = { believesPeer: false, protocol: 'auto', hostHeader: 'keep', tls: undefined } as const
    return { ...connections, ...how, limits: this.#limits }
  }

  #server(service: string): Server {
    const { workload, engine, ask } = this.#world
    return new Server(workload.server(service), engine, ask)
  }

  #conduct(service: string, server: Server): Conduct {
    const { workload, engine, recorder } = this.#world
    return {
      server,
      plan: (request, endpoint) =>
        workload.plan({
          service,
          endpoint,
          origin: originOf(request),
          number: request.attempt.number,
          elsewhere: request.exchange.parent !== undefined,
          grpc: request.exchange.grpc,
          now: engine.now(),
        }),
      reached: (request) => recorder.reached(request),
    }
  }
}
