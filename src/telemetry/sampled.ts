/** What is kept of an exchange that is traced, until its spans are made. Nothing of this exists for the others. */
import type { RequestHead } from '../core/exchange.ts'
import { NO_STATUS } from '../core/grpc-status.ts'
import type { AttemptRecord } from './attempt-layer.ts'
import type { TraceContext } from './trace-context.ts'

/** A policy's decision, as an event of the server span. */
export interface SpanEvent {
  readonly name: string
  /** On the clock, ms. */
  readonly at: number
  readonly attributes: Readonly<Record<string, string | number>>
}

/** Attempts that are told of, in a trace and in a line of the access log: the newest. All are counted. */
export const MOST_ATTEMPTS = 20

export class SampledExchange {
  readonly trace: TraceContext
  readonly request: RequestHead
  readonly spanId: string
  readonly events: SpanEvent[]
  /** Newest last, at most MOST_ATTEMPTS. */
  readonly attempts: AttemptRecord[]
  /** On the clock, ms. */
  endedAt: number
  status: number
  reason: string
  /** Of a gRPC call its status and its method, as they are counted. */
  rpcStatus: number
  rpcMethod: string

  constructor(trace: TraceContext, request: RequestHead, spanId: string) {
    this.trace = trace
    this.request = request
    this.spanId = spanId
    this.events = []
    this.attempts = []
    this.endedAt = 0
    this.status = 0
    this.reason = ''
    this.rpcStatus = NO_STATUS
    this.rpcMethod = ''
  }

  tried(record: AttemptRecord): void {
    if (this.attempts.length === MOST_ATTEMPTS) this.attempts.shift()
    this.attempts.push(record)
  }

  /** It was a gRPC call. */
  call(method: string, status: number): void {
    this.rpcMethod = method
    this.rpcStatus = status
  }
}
