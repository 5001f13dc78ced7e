/** Trace context in headers: W3C Trace Context and B3, read and written. */
import type { Headers } from '../core/headers.ts'
import type { ParentDecision } from './sampling.ts'
import { readB3Multi, readB3Single } from './b3.ts'
import { hexByte, isId } from './hex.ts'
import {
  CAME_B3_MULTI,
  CAME_B3_SINGLE,
  CAME_BAGGAGE,
  CAME_TRACEPARENT,
  CAME_TRACESTATE,
  type TraceContext,
} from './trace-context.ts'

/** The CAME_* bit of a field's name, 0 for every other field. Most names are sorted out by their length alone. */
function propagationField(name: string): number {
  switch (name.length) {
    case 2:
      return (name.charCodeAt(0) | 0x20) === 0x62 && name.charCodeAt(1) === 0x33 ? CAME_B3_SINGLE : 0
    case 7:
      return same(name, 'baggage') ? CAME_BAGGAGE : 0
    case 10:
      if (same(name, 'tracestate')) return CAME_TRACESTATE
      return same(name, 'x-b3-flags') ? CAME_B3_MULTI : 0
    case 11:
      if (same(name, 'traceparent')) return CAME_TRACEPARENT
      return same(name, 'x-b3-spanid') ? CAME_B3_MULTI : 0
    case 12:
      return same(name, 'x-b3-traceid') || same(name, 'x-b3-sampled') ? CAME_B3_MULTI : 0
    case 17:
      return same(name, 'x-b3-parentspanid') ? CAME_B3_MULTI : 0
    default:
      return 0
  }
}

/** Most names of the same length begin otherwise: no copy in lower case is made of them. */
function same(name: string, lower: string): boolean {
  return name === lower || ((name.charCodeAt(0) | 0x20) === lower.charCodeAt(0) && name.toLowerCase() === lower)
}

/**
 * Reads the caller's context into `trace`: ids, and what the caller decided. A valid traceparent wins over b3; two of
 * them, or a broken one, are none (§3.2.2). `b3` false: b3 fields are other people's and stay as they are.
 */
export function readContext(headers: Headers, trace: TraceContext, b3: boolean): ParentDecision {
  let came = 0
  let traceparent = ''
  let single = ''
  for (let i = 0; i < headers.length; i += 2) {
    const field = propagationField(headers[i] as string)
    if (field === 0 || (!b3 && (field & (CAME_B3_SINGLE | CAME_B3_MULTI)) !== 0)) continue
    const value = headers[i + 1] as string
    if (field === CAME_TRACEPARENT) traceparent = (came & CAME_TRACEPARENT) === 0 ? value : ''
    else if (field === CAME_B3_SINGLE) single = (came & CAME_B3_SINGLE) === 0 ? value : ''
    came |= field
  }
  trace.came = came
  if (came === 0) return 'none'
  if (traceparent !== '' && readTraceparent(traceparent, trace)) {
    return trace.sampled ? 'sampled' : 'unsampled'
  }
  trace.broken = (came & CAME_TRACEPARENT) !== 0
  if (single !== '') return readB3Single(single, trace)
  return (came & CAME_B3_MULTI) === 0 ? 'none' : readB3Multi(headers, trace)
}

/** `00-<32 hex>-<16 hex>-<2 hex>`; later versions may go on after a dash (§4.3). */
function readTraceparent(value: string, trace: TraceContext): boolean {
  const version = hexByte(value, 0)
  if (version < 0 || version === 255 || value.length < 55) return false
  if (value.length > 55 && (version === 0 || value.charCodeAt(55) !== 0x2d)) return false
  if (value.charCodeAt(2) !== 0x2d || value.charCodeAt(35) !== 0x2d || value.charCodeAt(52) !== 0x2d) return false
  if (!isId(value, 3, 35) || !isId(value, 36, 52)) return false
  const flags = hexByte(value, 53)
  if (flags < 0) return false
  trace.traceId = value.slice(3, 35)
  trace.parentId = value.slice(36, 52)
  trace.sampled = (flags & 1) === 1
  trace.flags = flags & 2
  return true
}

/** A trace begins here, with a traceparent of ours that is not sampled. */
export function begin(trace: TraceContext, traceparent: string): void {
  trace.prepared = traceparent
  trace.traceId = traceparent.slice(3, 35)
}

const FLAGS = ['-00', '-01', '-02', '-03']

/** Appends the fields that say: this request is the work of `spanId`. Only formats not in `except` (CAME_* bits). */
export function writeContext(trace: TraceContext, spanId: string, b3: boolean, except: number, into: string[]): void {
  if ((except & CAME_TRACEPARENT) === 0) {
    const flags = FLAGS[trace.flags | (trace.sampled ? 1 : 0)] as string
    into.push('traceparent', `00-${trace.traceId}-${spanId}${flags}`)
  }
  if (!b3 || (except & (CAME_B3_SINGLE | CAME_B3_MULTI)) !== 0) return
  const sampled = trace.debug ? 'd' : trace.sampled ? '1' : '0'
  if ((trace.came & CAME_B3_MULTI) === 0 || (trace.came & CAME_B3_SINGLE) !== 0) {
    into.push('b3', `${trace.traceId}-${spanId}-${sampled}`)
    return
  }
  into.push('x-b3-traceid', trace.traceId, 'x-b3-spanid', spanId)
  if (trace.debug) into.push('x-b3-flags', '1')
  else into.push('x-b3-sampled', sampled)
}

/** A copy of `headers` without the fields of `drop` (CAME_* bits). */
export function withoutContext(headers: Headers, drop: number): string[] {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if ((propagationField(name) & drop) === 0) kept.push(name, headers[i + 1] as string)
  }
  return kept
}
