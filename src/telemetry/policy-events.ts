/** What policies report: counted, told to the trace, and where an operator must know, logged. */
import type { Clock } from '../core/clock.ts'
import type { Reason } from '../core/errors.ts'
import {
  type BreakerSnapshot,
  type BreakerState,
  type EndpointChange,
  type Mode,
  type PolicyEvents,
  RETRY_SKIPS,
  type RetrySkip,
  SHADOW,
} from '../core/events.ts'
import type { AttemptKind, Exchange } from '../core/exchange.ts'
import type { AttemptRecord } from './attempt-layer.ts'
import type { Log } from './log.ts'
import { count, type Registry } from './registry.ts'
import type { RouteRows } from './route-rows.ts'
import type { SpanEvent } from './sampled.ts'
import type { TraceContext } from './trace-context.ts'

/** A defect that repeats is logged this often per place, and counted always. */
const DEFECTS_LOGGED = 20

const CHANGED = {
  ejected: 'endpoint ejected',
  returned: 'endpoint returned',
  kept: 'endpoint not ejected, too many are',
} as const
const WOULD_CHANGE = {
  ejected: 'endpoint would be ejected',
  returned: 'endpoint would return',
  kept: 'endpoint would not be ejected, too many would be',
} as const

export class CountedEvents implements PolicyEvents {
  readonly #registry: Registry
  readonly #clock: Clock
  readonly #log: Log

  constructor(registry: Registry, clock: Clock, log: Log) {
    this.#registry = registry
    this.#clock = clock
    this.#log = log
  }

  decided(exchange: Exchange, block: string, decision: string, mode: Mode): void {
    if (mode === 'shadow') {
      const said = `${block}:${decision}`
      if (exchange.shadowed.split(' ').includes(said)) return
      exchange.shadowed = exchange.shadowed === '' ? said : `${exchange.shadowed} ${said}`
    }
    count(this.#rows(exchange).decisions, `${block} ${decision} ${mode}`)
    this.#note(exchange, block, mode === 'shadow' ? { decision, mode } : { decision })
  }

  attemptFollows(exchange: Exchange, kind: AttemptKind, because: string): void {
    this.#last(exchange)?.next(`${kind}: ${because}`)
    this.#note(exchange, 'attempt_follows', { kind, because })
  }

  retrySkipped(exchange: Exchange, why: RetrySkip): void {
    this.#last(exchange)?.next(`none: ${why}`)
    const cells = this.#rows(exchange).retrySkipped
    const cell = RETRY_SKIPS.indexOf(why)
    cells[cell] = (cells[cell] as number) + 1
    this.#note(exchange, 'retry_skipped', { reason: why })
  }

  bulkheadRejected(exchange: Exchange, reason: Reason): void {
    count(this.#rows(exchange).bulkheadRejected, reason)
    this.#note(exchange, 'bulkhead_rejected', { reason })
  }

  bulkheadWaited(exchange: Exchange, waited: number): void {
    this.#rows(exchange).bulkheadWait.observe(0, waited)
    this.#note(exchange, 'bulkhead_waited', { ms: waited })
  }

  fallbackServed(exchange: Exchange, kind: string, reason: string): void {
    count(this.#rows(exchange).fallbacks, `${kind} ${reason}`)
    this.#note(exchange, 'fallback_served', { kind, reason })
  }

  circuitChanged(breaker: BreakerSnapshot, from: BreakerState, why: string): void {
    const isShadow = breaker.mode === 'shadow'
    const transitions = isShadow ? this.#registry.shadowTransitions : this.#registry.transitions
    count(transitions, `${breaker.service} ${breaker.scope} ${from} ${breaker.state}`)
    const { id, service, scope, key, state, forced, failureRatio, slowRatio, calls, opensFor } = breaker
    const figures = { forced, failureRatio, slowRatio, calls, opensFor }
    // cold: runs when a breaker changes
    const fields = { id, service, scope, key, from, to: state, why, ...figures, ...(isShadow && SHADOW) }
    if (state === 'open' && !isShadow) this.#log.warn('circuit changed', fields)
    else this.#log.info('circuit changed', fields)
  }

  endpointChanged({ service, address, change, reason, why, time, mode }: EndpointChange): void {
    if (mode === 'enforce' && change !== 'returned') {
      count(change === 'ejected' ? this.#registry.ejections : this.#registry.ejectionsKept, `${service} ${reason}`)
    }
    const seconds = Math.round(time / 100) / 10
    const fields = { service, endpoint: address, reason, why, seconds, mode }
    const message = mode === 'shadow' ? WOULD_CHANGE[change] : CHANGED[change]
    if (change === 'returned') this.#log.info(message, fields)
    else this.#log.warn(message, fields)
  }

  defect(where: string, error: unknown): void {
    count(this.#registry.defects, where)
    if ((this.#registry.defects.get(where) ?? 0) > DEFECTS_LOGGED) return
    this.#log.error('defect', { where, error })
  }

  #rows(exchange: Exchange): RouteRows {
    const rows = this.#registry.rowsOf(exchange.route, exchange.direction)
    rows.uses++
    return rows
  }

  /** The newest attempt that found an endpoint. */
  #last(exchange: Exchange): AttemptRecord | undefined {
    return exchange.attemptLog as AttemptRecord | undefined
  }

  #note(exchange: Exchange, name: string, attributes: SpanEvent['attributes']): void {
    const recorded = (exchange.trace as TraceContext | undefined)?.recorded
    recorded?.decided({ name: `outrigger.${name}`, at: this.#clock.now(), attributes })
  }
}
