/** What routing reads of a policy file. The documents of `config/` have these shapes; routing knows nothing else of them. */

/** A place in a file, counted from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One block as one policy states it. */
export interface StatedBlock {
  readonly block: string
  readonly mode: 'enforce' | 'shadow' | 'disabled'
}

/** One entry of `match.routes`. */
export interface StatedRoute {
  readonly path: string | undefined
  /** Instead of path and methods: `pkg.Service/Method` or `pkg.Service/*`. */
  readonly grpc: string | undefined
  /** Upper case; empty: every method. */
  readonly methods: readonly string[]
  /** Lower-case names. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly stream: boolean | undefined
  readonly place: Place
}

export interface StatedPolicy<B extends StatedBlock = StatedBlock> {
  readonly name: string
  readonly direction: 'inbound' | 'outbound'
  /** A Service's name, or '*'. */
  readonly service: string
  /** Empty: every sidecar. */
  readonly workload: readonly string[]
  readonly port: number | undefined
  /** Empty: every request. */
  readonly routes: readonly StatedRoute[]
  readonly blocks: readonly B[]
  readonly place: Place
}
