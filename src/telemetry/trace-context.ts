/** The trace an exchange belongs to: one small object for each, spans or not. */
import type { SampledExchange } from './sampled.ts'

/** Which propagation fields a request brought, as bits. */
export const CAME_TRACEPARENT = 1
export const CAME_TRACESTATE = 2
export const CAME_B3_SINGLE = 4
export const CAME_B3_MULTI = 8
export const CAME_BAGGAGE = 16

export class TraceContext {
  /** 32 hex digits; '' until the context is begun or continued. */
  traceId: string
  /** A whole traceparent for the first attempt of a trace that begins here, until it takes it; ''. */
  prepared: string
  /** The caller's span, 16 hex digits; '' when the trace begins here. */
  parentId: string
  /** trace-flags of the caller beyond `sampled` that go on: the random flag of Level 2. */
  flags: number
  sampled: boolean
  /** b3 `d`: sampled, and asked for by hand. */
  debug: boolean
  /** CAME_* bits. */
  came: number
  /** A traceparent came that says nothing: it must not go on, whatever else came. */
  broken: boolean
  /** Our server span, when this exchange is recorded. */
  recorded: SampledExchange | undefined

  constructor() {
    this.traceId = ''
    this.prepared = ''
    this.parentId = ''
    this.flags = 0
    this.sampled = false
    this.debug = false
    this.came = 0
    this.broken = false
    this.recorded = undefined
  }
}
