/**
 * What a policy block is, seen from outside: its name, its schema, and how a layer is made of it. `config/` is handed
 * the schemas and knows no policy by name; `policies/index.ts` writes the order; `runtime/compile.ts` calls `create`.
 */
import type { CacheAccount } from './cache-account.ts'
import type { Clock } from './clock.ts'
import type { Mode, PolicyEvents } from './events.ts'
import type { ProxyError } from './errors.ts'
import type { Dispatch, EndpointInfo, Layer, RequestHead, RouteInfo } from './exchange.ts'
import type { Random } from './random.ts'
import type { ReplayAccount } from './replay-buffer.ts'

/**
 * A JSON Schema (2020-12) as plain data, with conventions of ours:
 * - `format`: `duration`, `size`, `percentage`, `rate`, `address`, `time` — text with a unit in the file; the loader checks it
 *   (with `minimum`/`maximum`, written in the same notation, as its bounds) and turns it into a number:
 *   ms, bytes, fraction 0…1, per second, ms since 1970.
 * - `default`: what a left-out field takes, in the notation of the file.
 * - `format: 'outcome'`: a token of `when` and `failures` (a reason, `timeout`, `5xx`, `503`, `502-504`, `grpc:NAME`, and
 *   `any` where `words: {any: null}` stands); stays text.
 * - a `oneOf` of objects is told apart by the properties whose `enum` has one word.
 * - a left-out property takes its own `default` and nothing else: an object that shall be complete when it is left out
 *   says `default: {}`, and its properties have defaults of their own.
 */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  /** A map with free keys: the schema of each value. Objects refuse unknown keys unless this stands. */
  readonly additionalProperties?: Schema
  readonly items?: Schema
  readonly minItems?: number
  readonly enum?: readonly string[]
  readonly pattern?: string
  /** What `pattern` asks for, in words, as it stands after "must be" in a message. */
  readonly expects?: string
  readonly format?: 'duration' | 'size' | 'percentage' | 'rate' | 'address' | 'outcome' | 'time'
  /** A number, or for a `format` its own notation (`1ms`). */
  readonly minimum?: number | string
  readonly maximum?: number | string
  /** Words that a `format` takes beside its own notation, such as `none`; they stand for the number given, or for null. */
  readonly words?: Readonly<Record<string, number | null>>
  readonly default?: unknown
  readonly oneOf?: readonly Schema[]
  readonly examples?: readonly unknown[]
}

/** The Policy that states a block, through `use` or itself. */
export interface StatedBy {
  readonly name: string
  /** The path pattern of each of its routes, `/**` for a route that gives none. Empty: it holds for every request. */
  readonly routes: readonly string[]
}

/** Where a request was bound when its policies were resolved. */
export interface PolicyScope {
  /** Tells states of one service apart, and says which path parameters a fallback may use. */
  readonly policy: StatedBy
  readonly direction: 'inbound' | 'outbound'
  /** The Service's name; inbound, the Sidecar's. */
  readonly service: string
  readonly route: RouteInfo
  readonly clock: Clock
  readonly random: Random
  readonly events: PolicyEvents
  /** `shadow`: the block counts what it would have done (`events.decided`) and lets every request pass. */
  readonly mode: Mode
  /** What the replay buffers of the process may hold together (`limits.maxReplayBytes`); one for all routes. */
  readonly replay?: ReplayAccount | undefined
  /** What the caches of the process may hold together (`limits.maxCacheBytes`); one for all routes. */
  readonly cache?: CacheAccount | undefined
  /**
   * The way to another Service, through the policies of its own routes; it is looked up when a request goes there, so that
   * it does not matter which is compiled first. The request's exchange is a branch (`branchOf`).
   */
  toService?(name: string): Dispatch
  /**
   * State that outlives this compilation: one per stated block, kind and key, made on first use, and found again after a
   * reload as long as the block's text is unchanged. `kind` separates several states of one block.
   */
  state<S>(kind: string, key: string, make: () => S): S
}

/** An endpoint-scoped policy's word on an endpoint, asked before one is picked. Asking takes nothing. */
export interface Eligible {
  /**
   * Before each pick, with all endpoints of the service: may name the one that shall have this request although it does
   * not admit it, which then happens unless another test is against it.
   */
  prefers?(endpoints: readonly EndpointInfo[], request: RequestHead): EndpointInfo | undefined
  admits(endpoint: EndpointInfo, request: RequestHead): boolean
  /** What the client is told when no endpoint is left because of this test. */
  refusal(endpoint: EndpointInfo): ProxyError
  /** It is told so: for who counts whom it turned away. */
  refused?(request: RequestHead, error: ProxyError): void
}

/**
 * What a policy puts into a stack; what is absent is not in it. `policies/index.ts` gives each its place:
 * `request` wraps the whole request, `attempt` each attempt above the pick of an endpoint, `picked` each below it.
 */
export interface PolicyParts {
  readonly request?: Layer | undefined
  readonly attempt?: Layer | undefined
  readonly eligible?: Eligible | undefined
  readonly picked?: Layer | undefined
}

/** A policy: one folder under `policies/`. `C` is its block after loading: complete, in ms, bytes and fractions. */
export interface PolicyModule<C> {
  readonly name: string
  readonly schema: Schema
  readonly directions: readonly ('inbound' | 'outbound')[]
  /** `mode: shadow` may stand in the block. */
  readonly shadow: boolean
  create(config: C, scope: PolicyScope): PolicyParts
}
