/** Sees everything: in telemetry's place around exchanges and attempts, as the ear of all policies, and at the upstreams. */
import type {
  BreakerSnapshot,
  BreakerState,
  BulkheadSnapshot,
  EndpointChange,
  Mode,
  PolicyEvents,
  RetrySkip,
} from '../../core/events.ts'
import type { ProxyError, Reason } from '../../core/errors.ts'
import type { Attempt, Exchange, Layer, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingHandler } from '../../core/forwarding.ts'
import { NO_STATUS, statusOfHead } from '../../core/grpc-status.ts'
import type { Headers } from '../../core/headers.ts'
import { meterFailure, meterHead, meterTrailers } from '../../core/metering.ts'
import { add, DestinationCounts } from './counts.ts'
import type { Timeline } from './timeline.ts'

/** A breaker's step. */
export interface Transition {
  /** ms after the start. */
  readonly at: number
  readonly id: string
  readonly service: string
  readonly scope: string
  readonly key: string
  readonly from: BreakerState
  readonly to: BreakerState
  readonly why: string
  /** It lets everything pass all the same. */
  readonly shadow: boolean
}

/** A bulkhead at its fullest, in one phase. */
export interface BulkheadPeak {
  readonly service: string
  readonly per: string
  readonly key: string
  readonly limit: number
  readonly shadow: boolean
  inflight: number
  queued: number
}

export interface PhaseRecord {
  readonly destinations: Map<string, DestinationCounts>
  readonly bulkheads: Map<string, BulkheadPeak>
}

const ATTEMPTED = 'attempted'

/** So many steps of breakers are kept; the rest is only counted. */
const MOST_TRANSITIONS = 10_000

export class Recorder implements PolicyEvents {
  readonly now: () => number
  readonly #timeline: Timeline
  readonly phases: PhaseRecord[] = []
  readonly transitions: Transition[] = []
  transitionsDropped = 0
  readonly defects: string[] = []
  /** Endpoints that outlier ejected, or in shadow mode would have, by `service: words`. */
  readonly ejections = new Map<string, number>()
  readonly #destinations = new Map<string, Destination>()
  #phase: PhaseRecord

  constructor(now: () => number, timeline: Timeline) {
    this.now = now
    this.#timeline = timeline
    this.#phase = { destinations: new Map(), bulkheads: new Map() }
    this.phases.push(this.#phase)
  }

  nextPhase(): void {
    this.#phase = { destinations: new Map(), bulkheads: new Map() }
    this.phases.push(this.#phase)
  }

  // ---------------------------------------------------------------- layers

  /** Outermost of every exchange. */
  readonly exchange: Layer = (next) => (request, response) => {
    const body = next(request, new WatchedExchange(response, request, this))
    // Now it is known where it goes.
    this.#of(request.exchange).requests++
    return body
  }

  /** Around every attempt, below the pick. */
  readonly attempt: Layer = (next) => (request, response) => {
    this.#of(request.exchange).attempts[request.attempt.kind]++
    // Telemetry's field, which goes from a branch to the whole as well.
    request.exchange.attemptLog = ATTEMPTED
    return next(request, new WatchedAttempt(response, request, this))
  }

  ended(exchange: Exchange, head: ResponseHead | undefined, error: ProxyError | undefined): void {
    const counts = this.#of(exchange)
    if (error !== undefined) add(counts.refused, error.reason)
    else if (head?.origin === 'proxy') add(counts.refused, head.reason)
    else if (head?.origin === 'fallback') add(counts.fallbacks, head.reason)
    // What was tried in vain has failed; refused is what was not tried at all.
    if (head?.origin === 'proxy' && exchange.attemptLog !== ATTEMPTED) this.#timeline.refused(this.now())
  }

  attemptEnded(exchange: Exchange, outcome: string): void {
    add(this.#of(exchange).outcomes, outcome)
  }

  /** The upstream has got an attempt. */
  reached(request: RequestHead): void {
    const destination = this.#destination(request.exchange)
    this.#countsOf(destination).reached++
    this.#timeline.reached(this.now(), destination.key)
  }

  // ---------------------------------------------------------------- gauges

  inFlight(exchange: Exchange, change: 1 | -1): void {
    const destination = this.#destination(exchange)
    destination.inFlight += change
    const counts = this.#countsOf(destination)
    if (destination.inFlight > counts.peakInFlight) counts.peakInFlight = destination.inFlight
  }

  bulkhead({ service, per, key, limit, inflight, queued, mode }: BulkheadSnapshot): void {
    const shadow = mode === 'shadow'
    const name = `${service} ${per} ${key} ${shadow}`
    const peak = this.#phase.bulkheads.get(name)
    if (peak === undefined) {
      this.#phase.bulkheads.set(name, { service, per, key, limit, shadow, inflight, queued })
      return
    }
    if (inflight > peak.inflight) peak.inflight = inflight
    if (queued > peak.queued) peak.queued = queued
  }

  // ---------------------------------------------------------------- PolicyEvents

  decided(exchange: Exchange, block: string, decision: string, mode: Mode): void {
    add(this.#of(exchange).decisions, `${block}:${decision}${mode === 'shadow' ? ' (shadow)' : ''}`)
  }

  /** Attempts are counted where they are made. */
  attemptFollows(): void {}

  retrySkipped(exchange: Exchange, why: RetrySkip): void {
    add(this.#of(exchange).retriesSkipped, why)
  }

  bulkheadRejected(exchange: Exchange, reason: Reason): void {
    add(this.#of(exchange).bulkheadRejected, reason)
  }

  bulkheadWaited(exchange: Exchange, waited: number): void {
    const counts = this.#of(exchange)
    counts.bulkheadWaits++
    if (waited > counts.longestBulkheadWait) counts.longestBulkheadWait = waited
  }

  circuitChanged({ id, service, scope, key, state, mode }: BreakerSnapshot, from: BreakerState, why: string): void {
    if (this.transitions.length >= MOST_TRANSITIONS) this.transitionsDropped++
    else {
      const shadow = mode === 'shadow'
      this.transitions.push({ at: this.now(), id, service, scope, key, from, to: state, why, shadow })
    }
  }

  endpointChanged({ service, change, reason, mode }: EndpointChange): void {
    if (change !== 'ejected') return
    add(this.ejections, `${service}: an endpoint ${mode === 'shadow' ? 'would be' : 'was'} ejected, ${reason}`)
  }

  fallbackServed(): void {}

  defect(where: string, error: unknown): void {
    this.defects.push(`${where}: ${error instanceof Error ? error.message : String(error)}`)
  }

  #of(exchange: Exchange): DestinationCounts {
    return this.#countsOf(this.#destination(exchange))
  }

  /** Found once per route; the field is telemetry's, in whose place we stand. */
  #destination({ direction, route }: Exchange): Destination {
    const known = route?.telemetry as Destination | undefined
    if (known !== undefined) return known
    const service = route?.service ?? ''
    const key = `${service} ${direction}`
    let destination = this.#destinations.get(key)
    if (destination === undefined) {
      destination = { key, direction, service, inFlight: 0, counts: undefined, phase: undefined }
      this.#destinations.set(key, destination)
    }
    if (route !== undefined) route.telemetry = destination
    return destination
  }

  #countsOf(destination: Destination): DestinationCounts {
    if (destination.counts !== undefined && destination.phase === this.#phase) return destination.counts
    const { key, direction, service, inFlight } = destination
    const counts = new DestinationCounts(direction, service, inFlight)
    this.#phase.destinations.set(key, counts)
    destination.counts = counts
    destination.phase = this.#phase
    return counts
  }
}

/** Where requests go, over all phases. */
interface Destination {
  readonly key: string
  readonly direction: 'inbound' | 'outbound'
  readonly service: string
  inFlight: number
  /** Of `phase`. */
  counts: DestinationCounts | undefined
  phase: PhaseRecord | undefined
}

class WatchedExchange extends ForwardingHandler {
  readonly #request: RequestHead
  readonly #recorder: Recorder
  #head: ResponseHead | undefined

  constructor(up: ResponseHandler, request: RequestHead, recorder: Recorder) {
    super(up)
    this.#request = request
    this.#recorder = recorder
    this.#head = undefined
  }

  override head(head: ResponseHead): void {
    this.#head = head
    this.up.head(head)
  }

  override end(trailers?: Headers): void {
    this.#recorder.ended(this.#request.exchange, this.#head, undefined)
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    this.#recorder.ended(this.#request.exchange, this.#head, error)
    this.up.fail(error)
  }
}

class WatchedAttempt extends ForwardingHandler {
  readonly #attempt: Attempt
  readonly #exchange: Exchange
  readonly #recorder: Recorder
  #status: number
  /** A gRPC call whose head said nothing of its status. */
  #inTrailers: boolean

  constructor(up: ResponseHandler, { attempt, exchange }: RequestHead, recorder: Recorder) {
    super(up)
    this.#attempt = attempt
    this.#exchange = exchange
    this.#recorder = recorder
    this.#status = 0
    this.#inTrailers = false
    this.#count(1)
  }

  override head(head: ResponseHead): void {
    this.#status = head.status
    this.#inTrailers = this.#exchange.grpc && statusOfHead(head) === NO_STATUS
    meterHead(this.#attempt, this.#exchange, head, this.#recorder.now())
    this.up.head(head)
  }

  override end(trailers?: Headers): void {
    this.#count(-1)
    if (this.#inTrailers) meterTrailers(this.#attempt, trailers, this.#recorder.now())
    this.#recorder.attemptEnded(this.#exchange, String(this.#status))
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    this.#count(-1)
    meterFailure(this.#attempt, this.#status !== 0, error, this.#recorder.now())
    // An answer that was put aside for another attempt is still what this attempt came to.
    const put = error.reason === 'superseded' && this.#status !== 0
    this.#recorder.attemptEnded(this.#exchange, put ? String(this.#status) : error.reason)
    this.up.fail(error)
  }

  #count(change: 1 | -1): void {
    this.#recorder.inFlight(this.#exchange, change)
  }
}
