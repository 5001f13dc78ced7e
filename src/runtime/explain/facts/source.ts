/** What a policy tells `explain`: one small file per policy beside this one, named in `index.ts`. */
import type { PolicyModule, PolicyParts } from '../../../core/policy.ts'
import type { MODULES, PolicyName } from '../../../policies/index.ts'
import type { Fact } from '../report.ts'

/** The block of a policy after loading. */
export type ConfigOf<N extends PolicyName> = (typeof MODULES)[N] extends PolicyModule<infer C> ? C : never

/** The blocks that are enforced, defaults of nobody's among them; an absent one is not at work. */
export type AtWork = { readonly [N in PolicyName]?: ConfigOf<N> | undefined }

/** Somebody else's attempts for the same request. */
export interface Others {
  /** With the first; undefined: they are stated where we cannot look. */
  readonly attempts: number | undefined
  /** Who, and where it stands: `policy app at policy.yaml:7`. */
  readonly whose: string
}

/** What stands around a request of ours; undefined where nothing is known. */
export interface Around {
  /** Of the peer's sidecar, for its application. */
  readonly below: Others | undefined
  /** Of our own inbound side, which repeats everything that its request sets off; of an inbound route, its callers'. */
  readonly above: Others | undefined
}

/** Whose blocks they are. */
export interface Subject {
  readonly direction: 'inbound' | 'outbound'
  readonly service: string
  readonly method: string
  readonly stream: boolean | undefined
  readonly grpc: boolean
  /** How many there are; undefined: whatever a look-up finds. */
  readonly endpoints: number | undefined
  /** All that is enforced, for a policy whose fact depends on another. */
  readonly blocks: AtWork
  readonly around: Around
}

/** Time that a policy adds to the worst case. */
export interface Wait {
  readonly ms: number
  /** As it stands in the sum: `queue 200ms`. */
  readonly text: string
  /** It comes on top of `timeout.request`; otherwise that bounds it too. */
  readonly outside: boolean
}

export interface FactSource<C> {
  /** In words and as one number. Undefined: nobody states the block. May be empty. */
  facts(config: C | undefined, subject: Subject): Fact[]
  /** Whether the block puts a layer there. Left out: it does wherever the order has a place for it. */
  puts?(config: C, part: keyof PolicyParts, subject: Subject): boolean
  /** How the order calls it. Left out: the name of the block, and ` of the endpoint` below the pick. */
  step?(part: keyof PolicyParts): string
  /** Left out: it makes nobody wait. */
  wait?(config: C, subject: Subject): Wait | undefined
}

/** The hedge of a request of this method; undefined where it is never hedged. */
export function hedgeFor({ blocks: { hedge }, method }: Subject): AtWork['hedge'] {
  return hedge?.methods.includes(method) === true ? hedge : undefined
}
