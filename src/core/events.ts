/**
 * What policies report, and how their state is read. Telemetry implements `PolicyEvents`; metrics, `/state` and the live
 * views read snapshots, so that nothing is counted twice.
 */
import type { AttemptKind, Exchange } from './exchange.ts'
import type { Reason } from './errors.ts'

export const RETRY_SKIPS = [
  'budget',
  'deadline',
  'not_idempotent',
  'body_too_large',
  'committed',
  'limit',
  'pushback',
  'no_endpoint',
] as const
/** Why a failed attempt was not followed by another. */
export type RetrySkip = (typeof RETRY_SKIPS)[number]

export type BreakerState = 'closed' | 'open' | 'half_open'

/** How a block is at work; one that is `disabled` is in no stack. */
export type Mode = 'enforce' | 'shadow'

/** What the snapshot of a state in shadow mode says; one that is enforced says nothing of it. */
export const SHADOW = { mode: 'shadow' } as const

export interface PolicyEvents {
  /**
   * A block did something to this request that the client or the upstream may notice, or in shadow mode would have done
   * it. `block` is its name in a file, `decision` a word of a closed set: both are labels. Not for what happens to every
   * request; that is counted in the policy's own state and read from its snapshot. In shadow mode the same decision is told
   * once per request: enforced, there would have been no second.
   */
  decided(exchange: Exchange, block: string, decision: string, mode: Mode): void
  /** Another attempt is about to be made. `because`: the status, gRPC status, reason or delay that asks for it. */
  attemptFollows(exchange: Exchange, kind: AttemptKind, because: string): void
  /** A failed attempt that a retry policy would have liked to follow by another. */
  retrySkipped(exchange: Exchange, why: RetrySkip): void
  bulkheadRejected(exchange: Exchange, reason: Reason): void
  /** A request left the queue with a slot after `waited` ms. */
  bulkheadWaited(exchange: Exchange, waited: number): void
  /** `why` is a sentence: what tripped, with figures and scope. */
  circuitChanged(breaker: BreakerSnapshot, from: BreakerState, why: string): void
  /** Outlier set an endpoint aside, took it back, or would have and may not. */
  endpointChanged(change: EndpointChange): void
  fallbackServed(exchange: Exchange, kind: string, reason: string): void
  /** A throw that was caught at the root of a socket event or timer: a defect of ours. */
  defect(where: string, error: unknown): void
}

/** A state that can be looked at. `kind` says which of the shapes below it is. */
export interface Observable {
  snapshot(): Snapshot
}

/** A state that is several, one per endpoint: `/state` and the admin port look at its members. */
export interface ObservableGroup {
  members(): Iterable<Observable>
}

/** A state that holds something of the process's: told when no file states its block any more. */
export interface Retirable {
  retire(): void
}

export type Snapshot =
  | BreakerSnapshot
  | BulkheadSnapshot
  | BudgetSnapshot
  | OutlierSnapshot
  | RateLimitSnapshot
  | CacheSnapshot
  | IdempotencySnapshot
  | HedgeSnapshot
  | ConcurrencySnapshot

/** What outlier made of an endpoint. */
export interface EndpointChange {
  readonly service: string
  /** `host:port`; never a label. */
  readonly address: string
  /** `kept`: it should be ejected, and too many are. */
  readonly change: 'ejected' | 'returned' | 'kept'
  /** A word of a closed set: a label. */
  readonly reason: string
  /** What was counted, with figures. */
  readonly why: string
  /** ms that it is ejected for; 0 otherwise. */
  readonly time: number
  readonly mode: Mode
}

export interface OutlierSnapshot {
  readonly kind: 'outlier'
  readonly service: string
  /** `host:port` of one endpoint. */
  readonly address: string
  /** `probing`: its time is over, and a probe is awaited or under way. */
  readonly state: 'ready' | 'ejected' | 'probing'
  /** In shadow mode nothing comes of it. */
  readonly mode: Mode
  /** Failures since the last success. */
  readonly consecutive: number
  /** Of the last seconds. */
  readonly calls: number
  /** Of these calls, 0…1. */
  readonly failureRatio: number
  /** How often in a row it counts as ejected. */
  readonly times: number
  /** s until it may be asked. */
  readonly ejectedFor: number
}

export interface BreakerSnapshot {
  readonly kind: 'breaker'
  readonly mode?: 'shadow'
  /** As used by `POST /breakers/{id}`. */
  readonly id: string
  readonly service: string
  readonly scope: 'service' | 'route' | 'endpoint'
  /** The route or endpoint, or ''. */
  readonly key: string
  readonly state: BreakerState
  readonly forced: 'open' | 'closed' | 'auto'
  /** Of the window, 0…1. */
  readonly failureRatio: number
  readonly slowRatio: number
  readonly calls: number
  /** s until half-open; 0 unless open. */
  readonly opensFor: number
}

export interface BulkheadSnapshot {
  readonly kind: 'bulkhead'
  readonly mode?: 'shadow'
  readonly service: string
  readonly per: string
  readonly key: string
  readonly inflight: number
  readonly limit: number
  readonly queued: number
  readonly maxQueue: number
  readonly streams: number
  readonly maxStreams: number
}

export interface BudgetSnapshot {
  readonly kind: 'budget'
  /** Whose: the policies do not share one. */
  readonly of: 'retry' | 'hedge'
  readonly mode?: 'shadow'
  readonly service: string
  /** Attempts that may be added now. */
  readonly remaining: number
  readonly percent: number
}

export interface RateLimitSnapshot {
  readonly kind: 'rateLimit'
  readonly direction: 'inbound' | 'outbound'
  readonly service: string
  /** The policy that states it. */
  readonly policy: string
  /** Per second, and at once after a rest: this replica's share. */
  readonly rate: number
  readonly burst: number
  /** Keys with a bucket of their own. */
  readonly keys: number
  /** Requests whose key found no room and shared a bucket. */
  readonly overflowed: number
  /** Requests that passed while it was enforced. */
  readonly routes: readonly { readonly route: string; readonly allowed: number }[]
}

/** Copies of good answers, kept for a bad hour. */
export interface CacheSnapshot {
  readonly kind: 'cache'
  readonly mode?: 'shadow'
  readonly service: string
  /** The Policy that states it. */
  readonly policy: string
  readonly entries: number
  /** What they are charged with. */
  readonly bytes: number
  /** Requests that were answered with a copy, and that found none, since it was made. */
  readonly hits: number
  readonly misses: number
}

export interface IdempotencySnapshot {
  readonly kind: 'idempotency'
  readonly service: string
  /** Who states the block. */
  readonly policy: string
  readonly store: 'memory' | 'redis'
  /** Its connection stands; memory is always up. */
  readonly up: boolean
  /** Why it does not, in words; ''. */
  readonly error: string
  /** Keys in flight: in this replica, whatever the store. */
  readonly leased: number
  /** Keys with an answer, keys in doubt, bytes of answers, answers that made room before their ttl: of a memory store. */
  readonly done: number
  readonly unknown: number
  readonly bytes: number
  readonly evicted: number
}

/** What a hedge at a percentile knows. */
export interface HedgeSnapshot {
  readonly kind: 'hedge'
  readonly mode?: 'shadow'
  readonly service: string
  /** ms until a hedge is sent; null while too few answers are known. */
  readonly after: number | null
  /** Answers in the window. */
  readonly samples: number
}

/** A limit that finds itself. */
export interface ConcurrencySnapshot {
  readonly kind: 'concurrency'
  readonly mode?: 'shadow'
  readonly service: string
  /** The Policy that states it. */
  readonly policy: string
  readonly inflight: number
  readonly limit: number
  readonly min: number
  readonly max: number
  /** ms that an answer takes without waiting, as far as it is known; null before the first window. */
  readonly ownMs: number | null
  /** ms that answers took in the last window; 0 before. */
  readonly lastMs: number
}

/** A breaker as the admin port forces it. */
export interface Forceable extends Observable {
  force(state: 'open' | 'closed' | 'auto'): void
}
