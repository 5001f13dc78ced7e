/** Whether the sidecar is a native one: an init container with `restartPolicy: Always` (KEP-753). */
import type { Interception, NativeSidecar } from './settings.ts'

/** What is known of the cluster. */
export interface Server {
  /** Minor version of the API, as it behaves: `emulationMinor ?? minor` of /version. */
  readonly minor: number
  /** The lowest minor version of a kubelet; undefined: not known. */
  readonly oldestKubelet: number | undefined
}

/** On by default. Below it the API server drops the field and then refuses the probes (linkerd2#13033). */
export const NATIVE_SINCE = 29
/** The `sleep` action of a lifecycle hook, on by default. */
export const SLEEP_SINCE = 30
/** Named ports of native sidecars reach EndpointSlices. */
const NAMED_PORTS_SINCE = 33

export interface Layout {
  readonly native: boolean
  /** For the user, where they would have expected the other; ''. */
  readonly warning: string
}

export function layoutOf(wanted: NativeSidecar, interception: Interception, server: Server): Layout {
  if (wanted === 'always') return { native: true, warning: '' }
  if (wanted === 'never') return { native: false, warning: '' }
  const least = interception === 'named-port' ? NAMED_PORTS_SINCE : NATIVE_SINCE
  if (server.minor < least)
    return { native: false, warning: `no native sidecar: the API server is 1.${server.minor}, it takes 1.${least}` }
  const { oldestKubelet } = server
  if (oldestKubelet !== undefined && oldestKubelet < NATIVE_SINCE) {
    return {
      native: false,
      warning: `no native sidecar: a node's kubelet is 1.${oldestKubelet}, it takes 1.${NATIVE_SINCE}`,
    }
  }
  return { native: true, warning: '' }
}

/** `/version` → the minor version that counts: what is emulated, where the API server says so. */
export function minorOf(version: { readonly minor?: string; readonly emulationMinor?: string }): number {
  return Number.parseInt(version.emulationMinor || version.minor || '', 10) || 0
}

/** `v1.34.2-gke.1` → 34; undefined where it is no version. */
export function kubeletMinor(version: string): number | undefined {
  const match = /^v?1\.([0-9]+)/.exec(version)
  return match === null ? undefined : Number(match[1])
}
