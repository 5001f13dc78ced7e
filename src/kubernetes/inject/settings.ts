/** What the injector is told: the file of `outrigger injector` after loading, complete, durations in ms. */

export type Interception = 'redirect' | 'named-port' | 'none'
export type NativeSidecar = 'auto' | 'always' | 'never'

/** Quantities in Kubernetes' notation; '' is none. */
export interface Amount {
  readonly request: string
  readonly limit: string
}

export interface ProbeTimes {
  /** ms. */
  readonly period: number
  readonly failures: number
  /** ms. */
  readonly timeout: number
}

export interface Settings {
  readonly images: { readonly proxy: string; readonly init: string; readonly pullPolicy: string }
  readonly interception: Interception
  readonly nativeSidecar: NativeSidecar
  /** How sidecars find endpoints; `endpointslice` gives each a token for the API server. */
  readonly discovery: 'dns' | 'endpointslice'
  readonly proxy: {
    readonly uid: number
    readonly ports: {
      readonly inbound: number
      readonly outbound: number
      readonly admin: number
      /** Of the first port of an application in mode named-port; the others follow. */
      readonly namedPorts: number
    }
    readonly cpu: Amount
    readonly memory: Amount
    readonly logLevel: string
    readonly skipInboundPorts: readonly string[]
    readonly skipOutboundPorts: readonly string[]
    readonly skipOutboundCidrs: readonly string[]
    readonly opaquePorts: readonly string[]
    readonly drainOnPreStop: boolean
    readonly probes: { readonly startup: ProbeTimes; readonly readiness: ProbeTimes; readonly liveness: ProbeTimes }
    readonly env: Readonly<Record<string, string>>
  }
  readonly init: {
    readonly cpu: Amount
    readonly memory: Amount
    readonly backend: string
    readonly runAsRoot: boolean
  }
  readonly policy: { readonly configMap: string; readonly required: boolean }
  readonly app: {
    /** ms; 0: none. */
    readonly preStopSleep: number
    readonly rewriteProbes: boolean
  }
  readonly imagePullSecrets: readonly string[]
}
