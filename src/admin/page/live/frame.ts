/** What `GET /events` tells: the types that the sidecar, the page and `outrigger top` share. */
import type {
  BreakerSnapshot,
  BudgetSnapshot,
  BulkheadSnapshot,
  CacheSnapshot,
  ConcurrencySnapshot,
  HedgeSnapshot,
  IdempotencySnapshot,
  OutlierSnapshot,
  RateLimitSnapshot,
} from '../../../core/events.ts'
import type { EndedExchange } from '../../../telemetry/ended/record.ts'
import type { ServiceTotals } from '../../../telemetry/totals.ts'
import type { DiscoverySample, EndpointSample } from '../../../telemetry/sources.ts'

/** The event `hello`, first on every stream. */
export interface Hello {
  /** Why this reader may change nothing, in words; '': it may. */
  readonly readOnly: string
  /** `--page-paths` is set. */
  readonly paths: boolean
  /** When the admin listener began, ms since 1970: in another process the counters began anew, whatever they say. */
  readonly startedAt: number
}

/** The state of the whole sidecar: what `/state` shows. */
export interface State {
  readonly uptimeSeconds: number
  /** `serving` until it drains. */
  readonly drain: string
  /** Open ones. */
  readonly connections: { readonly inbound: number; readonly outbound: number }
  /** `refused`: the share of new requests, 0…1; the signals it goes by. */
  readonly overload: {
    readonly refused: number
    readonly closing: boolean
    readonly lag: number
    readonly heap: number
    readonly memory: number
    readonly connections: number
  }
  readonly breakers: readonly BreakerSnapshot[]
  readonly bulkheads: readonly BulkheadSnapshot[]
  readonly budgets: readonly BudgetSnapshot[]
  readonly hedges: readonly HedgeSnapshot[]
  readonly concurrency: readonly ConcurrencySnapshot[]
  readonly rateLimits: readonly RateLimitSnapshot[]
  readonly caches: readonly CacheSnapshot[]
  readonly idempotency: readonly IdempotencySnapshot[]
  readonly outliers: readonly OutlierSnapshot[]
  readonly endpoints: readonly EndpointSample[]
  readonly discovery: readonly DiscoverySample[]
}

/** The event `frame`, once a second. Counters are since the start, so a reader that missed some frames has lost nothing. */
export interface Frame extends State {
  /** On the sidecar's monotonic clock, ms: what rates are made with. */
  readonly now: number
  readonly name: string
  readonly version: string
  readonly config: {
    readonly hash: string
    /** ms since 1970. */
    readonly loadedAt: number
    /** When the files were read last, whatever came of it, ms since 1970. */
    readonly readAt: number
    readonly lastReloadSuccess: boolean
    readonly warnings: number
  }
  /** Upper bounds of `durations`, ms. */
  readonly bounds: readonly number[]
  readonly services: readonly ServiceTotals[]
}

/** The event `ended`: exchanges that were not plain and that this reader was not told of yet, oldest first. */
export interface Ended {
  /** How many there were since the start; the last of `records` has this number. */
  readonly count: number
  readonly records: readonly EndedExchange[]
}
