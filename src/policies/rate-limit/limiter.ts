/** One limit: its buckets, its counts, and what it says to whom it turns away. It survives a reload of its unchanged block. */
import { ProxyError } from '../../core/errors.ts'
import type { Observable, RateLimitSnapshot } from '../../core/events.ts'
import type { Headers } from '../../core/headers.ts'
import { Bucket, Buckets } from './buckets.ts'
import { afterTaking, type Grant, hasToken, quotaOf, type Rules, rulesOf, secondsToToken } from './decide.ts'

/** Whose limit it is. */
export interface Identity {
  readonly direction: 'inbound' | 'outbound'
  readonly service: string
  readonly policy: string
}

/** Requests of one route that passed: too many to report one by one. */
export class Passed {
  readonly route: string
  allowed: number

  constructor(route: string) {
    this.route = route
    this.allowed = 0
  }
}

/** Keys with a bucket of their own: about 2 MiB of them. */
export const MOST_KEYS = 10_000

export class Limiter implements Observable {
  /** Of a limit without a key. */
  readonly whole: Bucket
  readonly buckets: Buckets
  readonly #identity: Identity
  readonly #grant: Grant
  readonly #rules: Rules
  readonly #passed: Map<string, Passed>
  readonly #cause: string
  readonly #policy: string
  readonly #quota: string

  constructor(identity: Identity, grant: Grant, most = MOST_KEYS) {
    const { quota, window } = quotaOf(grant)
    this.whole = new Bucket()
    this.buckets = new Buckets(most)
    this.#identity = identity
    this.#grant = grant
    this.#rules = rulesOf(grant)
    this.#passed = new Map()
    this.#cause = `the rate limit of ${identity.service} (policy ${identity.policy}) is used up`
    this.#policy = `"${identity.policy}";q=${quota};w=${window}`
    this.#quota = String(quota)
  }

  /** The counts of a route. */
  passed(route: string): Passed {
    let passed = this.#passed.get(route)
    if (passed === undefined) {
      passed = new Passed(route)
      this.#passed.set(route, passed)
    }
    return passed
  }

  /** Takes a token; false: there is none. */
  take(bucket: Bucket, now: number): boolean {
    if (!hasToken(this.#rules, bucket.fullAt, now)) return false
    bucket.fullAt = afterTaking(this.#rules, bucket.fullAt, now)
    return true
  }

  refusal(bucket: Bucket, now: number): ProxyError {
    const seconds = secondsToToken(this.#rules, bucket.fullAt, now)
    const cause =
      bucket === this.buckets.overflow ? `${this.#cause}: too many keys, this one shares a bucket` : this.#cause
    return new ProxyError('rate_limited', 'proxy', 'no', cause, seconds, -1, this.#fields(Math.ceil(seconds)))
  }

  /** draft-ietf-httpapi-ratelimit-headers-10, and beside them what was usual before it. `seconds` as in Retry-After. */
  #fields(seconds: number): Headers {
    const fields = ['ratelimit-policy', this.#policy, 'ratelimit', `"${this.#identity.policy}";r=0;t=${seconds}`]
    fields.push('x-ratelimit-limit', this.#quota, 'x-ratelimit-remaining', '0', 'x-ratelimit-reset', String(seconds))
    return fields
  }

  snapshot(): RateLimitSnapshot {
    const { direction, service, policy } = this.#identity
    const { rate, burst } = this.#grant
    const routes = Array.from(this.#passed.values(), ({ route, allowed }) => ({ route, allowed }))
    const { size: keys, overflowed } = this.buckets
    return { kind: 'rateLimit', direction, service, policy, rate, burst, keys, overflowed, routes }
  }
}
