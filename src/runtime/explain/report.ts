/** What `explain` says: plain data, the same for the terminal, for JSON and for the admin listener. */

export interface Query {
  readonly direction: 'inbound' | 'outbound'
  /** A URL, or inbound a path. Undefined: the path `/` of the service. */
  readonly url: string | undefined
  /** A Service's name; outbound without a URL. */
  readonly service: string | undefined
  readonly method: string
  /** Flat list of fields. */
  readonly headers: readonly string[]
  /** The application's port, inbound; undefined: the URL's, or the only one there is. */
  readonly port: number | undefined
}

/** A request that goes nowhere, or past every policy. */
export interface Unrouted {
  readonly found: false
  /** Passed through to where it was going. */
  readonly passthrough: boolean
  readonly reason: string
}

/** A policy with the way into it, as the file has it. */
export interface PolicyReport {
  readonly policy: string
  /** `GET,HEAD /v1/** of service inventory`. */
  readonly match: string
  /** `file:line`. */
  readonly place: string
}

export interface ValueReport {
  /** Dotted path below the block; '' where the block is a single value. */
  readonly field: string
  /** In the notation of the file. */
  readonly value: string
  /** `file:line`, or `default`. */
  readonly from: string
}

export interface BlockReport {
  readonly block: string
  /** `default`: nobody states it, and something holds all the same. `none`: nobody states it. */
  readonly state: 'stated' | 'disabled' | 'default' | 'none'
  /** `shadow`: it only counts and logs what it would do, beside the same block as it holds without it. */
  readonly mode: 'enforce' | 'shadow'
  /** Who states it; '' where nobody does. */
  readonly policy: string
  readonly profile: string
  readonly place: string
  /** Who states it too and is less specific, the next best first. */
  readonly over: readonly (PolicyReport & { readonly because: string })[]
  readonly values: readonly ValueReport[]
}

/** Something that follows from the blocks. */
export interface Fact {
  /** `attempts`, `latency`, `load`, or the block whose fact it is. */
  readonly name: string
  /** Attempts, ms, fraction, slots …, whatever the fact is about; null: without a bound, or none. */
  readonly value: number | null
  readonly text: string
  /** What a block in shadow mode would come to if it were enforced. */
  readonly mode?: 'shadow'
}

export interface Explained {
  readonly found: true
  readonly direction: 'inbound' | 'outbound'
  readonly service: string
  readonly method: string
  /** In normal form. */
  readonly path: string
  readonly port: number | null
  /** As metrics name the route. */
  readonly route: string
  readonly stream: boolean | null
  /** Where it goes, in words. */
  readonly endpoints: string
  /** The most specific first. */
  readonly met: readonly PolicyReport[]
  /** Policies for this destination that this request does not meet. */
  readonly missed: readonly (PolicyReport & { readonly because: string })[]
  /** From the outside in, those that are not at work too. */
  readonly order: readonly {
    readonly step: string
    readonly atWork: boolean
    /** It watches from this place and does nothing. */
    readonly shadow: boolean
    readonly why: string
  }[]
  readonly blocks: readonly BlockReport[]
  /** Of hedge and retry, which exclude each other, the one that a more specific policy's other one takes away. */
  readonly gaveWay: {
    readonly block: string
    readonly policy: string
    readonly place: string
    readonly to: { readonly block: string; readonly policy: string; readonly place: string }
  } | null
  readonly facts: readonly Fact[]
  /** Those that concern a policy that is met, and those of the blocks that hold together, whosever they are. */
  readonly warnings: readonly { readonly code: string; readonly message: string; readonly place: string }[]
}

export type Explanation = Explained | Unrouted
