/** The listeners of a sidecar for traffic, in both directions, and what is counted over them. */
import { listenerFiles } from '../config/build/tls.ts'
import type { SidecarDocument } from '../config/model.ts'
import type { MappedPort } from '../config/values/ports.ts'
import type { Dispatch } from '../core/exchange.ts'
import type { ListenerSecurity } from '../net/tls-acceptor.ts'
import type { Direction } from '../telemetry/index.ts'
import type { Runtime } from './compile.ts'
import { entrances } from './interception/entrances.ts'
import type { Interception } from './interception/interception.ts'
import type { MakeReceiver } from './receivers.ts'
import type { Certificates } from './tls/certificates.ts'
import { TrafficListener } from './traffic-listener.ts'

export interface ListenerParts {
  readonly sidecar: SidecarDocument
  readonly portMap: readonly MappedPort[]
  readonly certificates: Certificates
  readonly interception: Interception
  readonly makeReceiver: MakeReceiver
  /** Asked anew for each request: a reload swaps it. */
  runtime(): Runtime
}

export class Listeners {
  readonly inbound: TrafficListener[] = []
  /** Empty, or the one there is. */
  readonly outbound: TrafficListener[] = []

  /** Throws an Error with a sentence where a port is taken; what was opened before stays open. */
  async open(parts: ListenerParts): Promise<void> {
    const { sidecar, portMap, certificates, interception, makeReceiver } = parts
    const { inbound, outbound, limits } = sidecar
    for (const [index, entry] of inbound.entries()) {
      const security = securityOf(entry, certificates)
      for (const { listen, begin } of entrances(entry, interception, portMap)) {
        const listener = await TrafficListener.open(
          listen,
          'inbound',
          limits.maxConnections,
          (closed) => makeReceiver('inbound', () => parts.runtime().inbound[index] as Dispatch, closed),
          security,
          begin,
        )
        this.inbound.push(listener)
      }
    }
    if (outbound === undefined) return
    const listener = await TrafficListener.open(
      outbound.listen,
      'outbound',
      limits.maxConnections,
      (closed) => makeReceiver('outbound', () => parts.runtime().outbound, closed),
      undefined,
      outbound.transparent ? interception.outbound() : undefined,
    )
    this.outbound.push(listener)
  }

  /** Whether our application's requests come in on this port. */
  takesOutbound(port: number): boolean {
    return this.outbound.some((listener) => listener.port === port)
  }

  get all(): readonly TrafficListener[] {
    return [...this.inbound, ...this.outbound]
  }

  /** Open to clients. */
  connections(direction: Direction): number {
    return this[direction].reduce((sum, { connections }) => sum + connections, 0)
  }

  /** Closed at once, because there were too many. */
  dropped(direction: Direction): number {
    return this[direction].reduce((sum, { dropped }) => sum + dropped, 0)
  }

  /** Of the fullest one, 0…1. */
  get fullness(): number {
    return Math.max(0, ...this.all.map(({ fullness }) => fullness))
  }

  destroy(): void {
    for (const listener of this.all) listener.destroy()
  }
}

function securityOf(
  { tls }: SidecarDocument['inbound'][number],
  certificates: Certificates,
): ListenerSecurity | undefined {
  if (tls === undefined) return undefined
  const material = certificates.of(listenerFiles(tls))
  return { material, clientAuth: tls.clientCa === '' ? 'none' : tls.clientAuth }
}
