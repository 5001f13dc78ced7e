/** A model as it is after loading: complete, in ms and bytes and fractions. */
import type { Latency } from '../latency.ts'
import type { Asked, Phase } from '../workload.ts'

export interface Failure {
  /** ms after the start. */
  readonly from: number
  readonly until: number
  readonly share: number
  /** `host:port`, or '': all. */
  readonly endpoint: string
  readonly latency: Latency | undefined
  readonly status: number | undefined
  readonly grpc: number | undefined
  readonly fail: 'reset' | 'refuse' | 'silent' | 'blackhole' | undefined
}

export interface ModelServer {
  /** '' for the application. */
  readonly name: string
  readonly latency: Latency
  readonly status: number
  readonly slots: number
  readonly queue: number
  readonly noticesLeaving: boolean
  readonly failures: readonly Failure[]
  readonly calls: readonly { readonly methods: readonly string[]; readonly ask: (index: number) => Asked }[]
}

export interface Stream {
  readonly name: string
  readonly perSecond: number
  readonly poisson: boolean
  readonly from: number
  readonly until: number
  readonly ask: (index: number) => Asked
}

export interface Model {
  readonly name: string
  readonly seed: number
  readonly start: number
  readonly duration: number
  readonly phases: readonly Phase[]
  readonly streams: readonly Stream[]
  readonly servers: ReadonlyMap<string, ModelServer>
  /** Hosts that streams and calls go to. */
  readonly notes: readonly string[]
}
