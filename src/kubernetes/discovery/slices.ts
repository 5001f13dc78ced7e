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
 * IPv4 is taken where it can be asked. Those that are ready; where none is, of either family, those that end but still serve, as
 * kube-proxy does (KEP-1669). `port` is the name of the Service's port, or the number on which its pods listen.
 */
export function addressesOf(slices: Iterable<EndpointSlice>, port: string | number): SliceAddress[] {
  const all = [...slices]
  const four = addressesOfFamily(all, 'IPv4', port)
  const six = addressesOfFamily(all, 'IPv6', port)
  const first = [four.ready, six.ready, four.ending].find(({ size }) => size > 0)
  return sorted(first ?? six.ending)
}

type Addresses = Map<string, SliceAddress>

function addressesOfFamily(
  slices: readonly EndpointSlice[],
  family: string,
  port: string | number,
): { readonly ready: Addresses; readonly ending: Addresses } {
  const ready: Addresses = new Map()
  const ending: Addresses = new Map()
  for (const slice of slices) {
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
  return { ready, ending }
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
