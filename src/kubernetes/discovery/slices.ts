/** What a Service's EndpointSlices (discovery.k8s.io/v1) come to: addresses that may be asked. */
import type { KubernetesObject } from '../api/object.ts'

export interface EndpointSlice extends KubernetesObject {
  readonly addressType: string
  readonly endpoints?: readonly SliceEndpoint[] | null
  readonly ports?: readonly SlicePort[] | null
}

export interface SliceEndpoint {
  /** All of them are the same endpoint; only the first is to be used. */
  readonly addresses: readonly string[]
  /** Absent means ready, and for the other two: nothing is known. */
  readonly conditions?: {
    readonly ready?: boolean | null
    readonly serving?: boolean | null
    readonly terminating?: boolean | null
  }
}

export interface SlicePort {
  readonly name?: string | null
  readonly port?: number | null
}

export interface SliceAddress {
  readonly host: string
  readonly port: number
}

/**
 * Each address once, in order, those of one family: a Service of two families has every pod twice, in slices of their own, and
 * IPv4 is taken where there is any. Those that are ready; where none is, those that end but still serve, as kube-proxy does
 * (KEP-1669). `port` is the name of the Service's port, or the number on which its pods listen.
 */
export function addressesOf(slices: Iterable<EndpointSlice>, port: string | number): SliceAddress[] {
  const all = [...slices]
  const family = all.some(({ addressType, endpoints }) => addressType === 'IPv4' && (endpoints?.length ?? 0) > 0)
    ? 'IPv4'
    : 'IPv6'
  const ready = new Map<string, SliceAddress>()
  const ending = new Map<string, SliceAddress>()
  for (const slice of all) {
    if (slice.addressType !== family) continue
    const number = portOf(slice, port)
    if (number === undefined) continue
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const [host] = addresses
      if (host === undefined) continue
      const address = { host, port: number }
      if (conditions?.ready !== false) ready.set(`${host} ${number}`, address)
      else if (conditions.serving === true && conditions.terminating === true) ending.set(`${host} ${number}`, address)
    }
  }
  return sorted(ready.size > 0 ? ready : ending)
}

/** Pods may have given one name to different numbers, which are then in slices of their own. */
function portOf({ ports }: EndpointSlice, wanted: string | number): number | undefined {
  for (const { name, port } of ports ?? []) {
    if (port === null || port === undefined) continue
    if (typeof wanted === 'number' ? port === wanted : (name ?? '') === wanted) return port
  }
  return undefined
}

/** The order of slices is nobody's promise, and hashing wants the same one everywhere. */
function sorted(addresses: ReadonlyMap<string, SliceAddress>): SliceAddress[] {
  return [...addresses].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, address]) => address)
}
