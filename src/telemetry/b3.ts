/** B3 propagation, github.com/openzipkin/b3-propagation: the single field and the five. */
import { get, type Headers } from '../core/headers.ts'
import { isId } from './hex.ts'
import type { ParentDecision } from './sampling.ts'
import type { TraceContext } from './trace-context.ts'

/** `{trace id}-{span id}[-{sampled}[-{parent span}]]`, or the sampling decision alone. */
export function readB3Single(value: string, trace: TraceContext): ParentDecision {
  if (value.length === 1) return decision(value, trace)
  const first = value.indexOf('-')
  const second = value.indexOf('-', first + 1)
  const traceId = value.slice(0, Math.max(0, first))
  const spanId = second < 0 ? value.slice(first + 1) : value.slice(first + 1, second)
  if (!take(traceId, spanId, trace)) return 'none'
  return second < 0 ? 'none' : decision(value.charAt(second + 1), trace)
}

export function readB3Multi(headers: Headers, trace: TraceContext): ParentDecision {
  const traceId = get(headers, 'x-b3-traceid')
  const spanId = get(headers, 'x-b3-spanid')
  const ids = traceId !== undefined && spanId !== undefined
  if (ids && !take(traceId.toLowerCase(), spanId.toLowerCase(), trace)) return 'none'
  if (get(headers, 'x-b3-flags') === '1') return decision('d', trace)
  const sampled = get(headers, 'x-b3-sampled')
  return sampled === undefined ? 'none' : decision(sampled, trace)
}

/** Old senders say `true` and `false`. */
function decision(said: string, trace: TraceContext): ParentDecision {
  if (said === 'd') trace.debug = true
  if (said === '1' || said === 'd' || said === 'true') return 'sampled'
  return said === '0' || said === 'false' ? 'unsampled' : 'none'
}

/** 64-bit trace ids are the lower half of ours. */
function take(traceId: string, spanId: string, trace: TraceContext): boolean {
  const full = traceId.length === 16 ? `0000000000000000${traceId}` : traceId
  if (full.length !== 32 || spanId.length !== 16 || !isId(full, 0, 32) || !isId(spanId, 0, 16)) return false
  trace.traceId = full
  trace.parentId = spanId
  return true
}
