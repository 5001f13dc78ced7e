/** Whether some request could meet two rules both: exact, for patterns, methods and headers. */
import { hasGrpcType } from '../core/grpc.ts'
import { has } from '../core/headers.ts'
import type { PathPattern } from '../core/path-pattern.ts'
import { hostsMeet } from './host-test.ts'
import type { RequestTest } from './request-test.ts'
import type { Segment } from '../core/path-segments.ts'
import type { StatedPolicy } from './stated.ts'

/** Whether some request, to some destination of some sidecar, could be both policies' matter, routes aside. */
export function destinationsMeet(a: StatedPolicy, b: StatedPolicy): boolean {
  if (a.direction !== b.direction) return false
  if (a.service !== '*' && b.service !== '*' && a.service !== b.service) return false
  if (a.port !== undefined && b.port !== undefined && a.port !== b.port) return false
  return a.workload.length === 0 || b.workload.length === 0 || a.workload.some((name) => b.workload.includes(name))
}

/** Whether some request passes both tests; undefined is the test that every request passes. */
export function testsMeet(a: RequestTest | undefined, b: RequestTest | undefined): boolean {
  if (a === undefined || b === undefined) return true
  if (!methodsMeet(a.methods, b.methods) || !headersMeet(a.headers, b.headers)) return false
  return typesMeet(a, b) && typesMeet(b, a) && pathsMeet(a.pattern, b.pattern)
}

/** A gRPC call has gRPC's content type and no other. */
function typesMeet(a: RequestTest, b: RequestTest): boolean {
  return !a.grpc || !has(b.headers, 'content-type') || hasGrpcType(b.headers)
}

function methodsMeet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === 0 || b.length === 0 || a.some((method) => b.includes(method))
}

/** Flat lists; a field has one value only. */
function headersMeet(a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; i < a.length; i += 2) {
    for (let j = 0; j < b.length; j += 2) {
      if (a[i] === b[j] && !valuesMeet(a[i] as string, a[i + 1] as string, b[j + 1] as string)) return false
    }
  }
  return true
}

function valuesMeet(name: string, a: string, b: string): boolean {
  return name === 'host' ? hostsMeet(a, b) : a === b
}

export function pathsMeet(a: PathPattern | undefined, b: PathPattern | undefined): boolean {
  if (a === undefined || b === undefined) return true
  for (let i = 0; ; i++) {
    const left = a.segments[i]
    const right = b.segments[i]
    // `**` takes whatever the other asks for behind it, nothing at all included.
    if (left?.kind === 'rest' || right?.kind === 'rest') return true
    if (left === undefined || right === undefined) return left === right
    if (!segmentsMeet(left, right)) return false
  }
}

function segmentsMeet(a: Segment, b: Segment): boolean {
  if (a.kind === 'literal' && b.kind === 'literal') return a.text === b.text
  // A literal without text ends a path with a trailing slash, and `*` and `{name}` do not match it.
  return (a.kind !== 'literal' || a.text !== '') && (b.kind !== 'literal' || b.text !== '')
}
