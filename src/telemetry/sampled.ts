/** What is kept of an exchange that may be exported, until its spans are made. Nothing of this exists for the others. */
import type { RequestHead } from '../core/exchange.ts'
import { NO_STATUS } from '../core/grpc-status.ts'
import type { Tail, TailReason } from './tail.ts'

/** Of its trace, what its spans need. */
export interface SpanTrace {
  readonly traceId: string
  /** The caller's span; '' when the trace begins here. */
  readonly parentId: string
  readonly sampled: boolean
}

/** A policy's decision, as an event of the server span. */
export interface SpanEvent {
  readonly name: string
  /** On the clock, ms. */
  readonly at: number
  readonly attributes: Readonly<Record<string, string | number>>
}

/** Attempts that are told of, in a trace and in a line of the access log: the newest. All are counted. */
export const MOST_ATTEMPTS = 20
/** Decisions that are told of, the first: as many as the SDK would keep (OTEL_SPAN_EVENT_COUNT_LIMIT). */
const MOST_EVENTS = 128
/** Shared by all that no policy has decided about. */
const NO_EVENTS: SpanEvent[] = []

export class SampledExchange {
  readonly trace: SpanTrace
  readonly request: RequestHead
  /** Where its room is, if its end decides whether it is exported; undefined: it was decided before. */
  readonly tail: Tail | undefined
  /** Why its end decided so. */
  tailReason: TailReason
  /** Decisions found no room. */
  cut: boolean
  /** Of the server span; given when it is exported. */
  spanId: string
  events: SpanEvent[]
  /** On the clock, ms; Infinity where no answer came. */
  headAt: number
  /** Its end was told: what is decided from then on, about a write whose client has left for instance, is no part of it. */
  over: boolean
  /** On the clock, ms. */
  endedAt: number
  status: number
  reason: string
  /** Of a gRPC call its status and its method, as they are counted. */
  rpcStatus: number
  rpcMethod: string

  constructor(trace: SpanTrace, request: RequestHead, tail: Tail | undefined) {
    this.trace = trace
    this.request = request
    this.tail = tail
    this.tailReason = ''
    this.cut = false
    this.spanId = ''
    this.events = NO_EVENTS
    this.headAt = Number.POSITIVE_INFINITY
    this.over = false
    this.endedAt = 0
    this.status = 0
    this.reason = ''
    this.rpcStatus = NO_STATUS
    this.rpcMethod = ''
  }

  decided(event: SpanEvent): void {
    if (this.over || this.events.length === MOST_EVENTS) return
    if (this.tail !== undefined && !this.tail.admitsEvent(this)) return
    if (this.events === NO_EVENTS) this.events = []
    this.events.push(event)
  }

  /** It was a gRPC call. */
  call(method: string, status: number): void {
    this.rpcMethod = method
    this.rpcStatus = status
  }

  ended(status: number, reason: string, now: number): void {
    this.status = status
    this.reason = reason
    this.endedAt = now
    this.over = true
  }
}
