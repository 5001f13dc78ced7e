/** What is redirected, and what is not. */
import type { MappedPort, PortRange } from '../config/values/ports.ts'

export type Family = 4 | 6

export interface FirewallSettings {
  /** The sidecar's inbound port; undefined: inbound connections are left alone. */
  readonly inbound: number | undefined
  /** The sidecar's outbound port; undefined: outbound connections are left alone. */
  readonly outbound: number | undefined
  /** Users whose own connections are never redirected: the sidecar's. */
  readonly proxyUids: readonly number[]
  readonly skipInbound: readonly PortRange[]
  readonly skipOutbound: readonly PortRange[]
  /** Who is let through, by source address; blocks of both families, in canonical form (`canonicalCidr`). */
  readonly skipInboundCidrs: readonly string[]
  /** Where connections go that are let through; blocks of both families, in canonical form. */
  readonly skipOutboundCidrs: readonly string[]
  /** Not empty: these ports go to a listener each, and no other inbound port is redirected. */
  readonly portMap: readonly MappedPort[]
}

/** Cloud metadata and other services of the link, on which credentials depend (kubernetes.md, "Decided" 3). */
export const LINK_SERVICES = '169.254.0.0/16,fd00:ec2::/32'

export function familyOf(cidr: string): Family {
  return cidr.includes(':') ? 6 : 4
}
