/** How redirected connections to each port of the application are taken. Pure. */
import type { AppPorts } from '../../config/values/app-ports.ts'
import { includesPort, type PortRange } from '../../config/values/ports.ts'
import type { OpaqueWhy } from '../../core/opaque.ts'

/**
 * - `http`: nothing but HTTP passes, however long its client says nothing.
 * - `opaque`: bytes from the first one on.
 * - `detect`: whichever it proves to be within the detection time.
 */
export type Treatment =
  | { readonly kind: 'http' }
  | { readonly kind: 'detect' }
  | { readonly kind: 'opaque'; readonly why: OpaqueWhy }

/** What of a policy matters here. */
export interface PortPolicy {
  readonly direction: 'inbound' | 'outbound'
  readonly workload: readonly string[]
  readonly port: number | undefined
  readonly blocks: readonly { readonly mode: 'enforce' | 'shadow' | 'disabled' }[]
}

const HTTP: Treatment = { kind: 'http' }
const DETECT: Treatment = { kind: 'detect' }
const DECLARED: Treatment = { kind: 'opaque', why: 'declared' }
const LISTED: Treatment = { kind: 'opaque', why: 'listed' }

export class InboundPorts {
  /** Ports that a policy in force names. */
  readonly #named: ReadonlySet<number>
  /** A policy in force holds for every port. */
  readonly guarded: boolean
  readonly #declared: AppPorts
  readonly #opaque: readonly PortRange[]

  /** `workload` is this sidecar's name; `opaque` the ports on which servers speak first. */
  constructor(policies: readonly PortPolicy[], workload: string, declared: AppPorts, opaque: readonly PortRange[]) {
    const ours = policies.filter((policy) => isInForce(policy, workload))
    this.#named = new Set(ours.flatMap(({ port }) => (port === undefined ? [] : [port])))
    this.guarded = ours.some(({ port }) => port === undefined)
    this.#declared = declared
    this.#opaque = opaque
  }

  treat(port: number): Treatment {
    // Whoever names a port in a policy means that port, whatever else is said of it.
    if (this.#named.has(port)) return HTTP
    const declared = this.#declared.get(port)
    if (declared === 'tcp') return DECLARED
    if (declared === 'http' || this.guarded) return HTTP
    return includesPort(this.#opaque, port) ? LISTED : DETECT
  }
}

/** Shadow mode touches nobody's connection. */
function isInForce({ direction, workload, blocks }: PortPolicy, name: string): boolean {
  const ours = workload.length === 0 || workload.includes(name)
  return direction === 'inbound' && ours && blocks.some(({ mode }) => mode === 'enforce')
}
