/** The rules of our two chains, in the spelling of iptables-save. Their order is written here, with its reasons. */
import type { PortRange } from '../config/values/ports.ts'
import { type Family, type FirewallSettings, familyOf } from './settings.ts'

const IN = 'OUTRIGGER_IN'
const OUT = 'OUTRIGGER_OUT'
export const CHAINS = [IN, OUT] as const

/**
 * A new connection. nat looks at the first packet of each, but where nothing was tracked before, the first that is seen of a
 * connection that was open already is one from its middle: redirected, it would be answered by a reset.
 */
const SYN = '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN'

/** Where each chain is entered. */
export const JUMPS: Readonly<Record<string, string>> = {
  [IN]: `-A PREROUTING ${SYN} -j ${IN}`,
  [OUT]: `-A OUTPUT ${SYN} -j ${OUT}`,
}

/** `multiport` takes so many ports; a range counts as two. */
const MOST_PORTS = 15

/** By chain; a chain without rules is not needed. */
export function rulesOf(settings: FirewallSettings, family: Family): Readonly<Record<string, readonly string[]>> {
  return {
    [IN]: inbound(settings, family).map((rule) => `-A ${IN} ${rule}`),
    [OUT]: outbound(settings, family).map((rule) => `-A ${OUT} ${rule}`),
  }
}

function inbound(settings: FirewallSettings, family: Family): string[] {
  const { inbound: listener, portMap, skipInbound, skipInboundCidrs } = settings
  if (listener === undefined) return []
  const redirects =
    portMap.length === 0
      ? [redirect('-p tcp', listener)]
      : portMap.map((pair) => redirect(`-p tcp -m tcp --dport ${pair.port}`, pair.listener))
  return [...skipCidrs('-s', skipInboundCidrs, family), ...skipPorts(skipInbound), ...redirects]
}

function outbound(settings: FirewallSettings, family: Family): string[] {
  const { outbound: listener, proxyUids, skipOutbound, skipOutboundCidrs } = settings
  if (listener === undefined) return []
  return [
    // First, or the sidecar would call itself for ever.
    ...proxyUids.map((uid) => `-m owner --uid-owner ${uid} -j RETURN`),
    // The application and its neighbours in the pod among themselves, also by the pod's own address.
    '-o lo -j RETURN',
    ...skipCidrs('-d', skipOutboundCidrs, family),
    ...skipPorts(skipOutbound),
    redirect('-p tcp', listener),
  ]
}

function redirect(match: string, port: number): string {
  return `${match} -j REDIRECT --to-ports ${port}`
}

function skipCidrs(side: '-s' | '-d', cidrs: readonly string[], family: Family): string[] {
  return cidrs
    .filter((cidr) => familyOf(cidr) === family)
    .map((cidr) => (cidr.endsWith('/0') ? '-j RETURN' : `${side} ${cidr} -j RETURN`))
}

function skipPorts(ranges: readonly PortRange[]): string[] {
  const rules: string[] = []
  let ports: string[] = []
  let room = MOST_PORTS
  const close = () => {
    if (ports.length > 0) rules.push(`-p tcp -m multiport --dports ${ports.join(',')} -j RETURN`)
    ports = []
    room = MOST_PORTS
  }
  for (const { from, to } of ranges) {
    const size = from === to ? 1 : 2
    if (size > room) close()
    ports.push(from === to ? String(from) : `${from}:${to}`)
    room -= size
  }
  close()
  return rules
}
