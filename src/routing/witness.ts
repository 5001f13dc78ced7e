// cold file: runs at load, to find what no operator means
/** Made-up requests that stand for all requests two rules have in common. */
import { GRPC_TYPE } from '../core/grpc.ts'
import { has } from '../core/headers.ts'
import type { PathPattern } from '../core/path-pattern.ts'
import type { RequestTest } from './request-test.ts'
import type { Rule } from './rule.ts'
import type { Segment } from '../core/path-segments.ts'

export interface Witness {
  readonly method: string
  readonly path: string
  /** Flat. */
  readonly headers: readonly string[]
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'ANY']

/**
 * Requests that pass both tests and as few of the `others` as can be: wherever the tests leave it open, they hold what no
 * other rule names. If for every witness another rule speaks with more weight, it does so for every request in common.
 */
export function witnesses(a: RequestTest | undefined, b: RequestTest | undefined, others: readonly Rule[]): Witness[] {
  const asked = mergeHeaders(a?.headers ?? [], b?.headers ?? [])
  const calls = a?.grpc === true || b?.grpc === true
  const headers = calls && !has(asked, 'content-type') ? [...asked, 'content-type', GRPC_TYPE] : asked
  const paths = commonPaths(a?.pattern, b?.pattern, others)
  return commonMethods(a?.methods ?? [], b?.methods ?? [], others).flatMap((method) =>
    paths.map((path) => ({ method, path, headers })),
  )
}

function commonMethods(a: readonly string[], b: readonly string[], others: readonly Rule[]): readonly string[] {
  if (a.length > 0) return b.length === 0 ? a : a.filter((method) => b.includes(method))
  if (b.length > 0) return b
  const free = METHODS.find((method) => !others.some(({ test }) => test?.methods.includes(method)))
  return free === undefined ? METHODS : [free]
}

function mergeHeaders(a: readonly string[], b: readonly string[]): readonly string[] {
  const merged = [...a]
  for (let i = 0; i < b.length; i += 2) {
    const at = a.findIndex((name, index) => index % 2 === 0 && name === b[i])
    if (at < 0) merged.push(b[i] as string, b[i + 1] as string)
    // Of two hosts that meet, the longer one says the port.
    else if ((b[i + 1] as string).length > (a[at + 1] as string).length) merged[at + 1] = b[i + 1] as string
  }
  return merged
}

const REST: Segment = { kind: 'rest', text: '' }

function commonPaths(a: PathPattern | undefined, b: PathPattern | undefined, others: readonly Rule[]): string[] {
  const free = freeSegment(others)
  let path = ''
  for (let i = 0; ; i++) {
    const left = segmentAt(a, i)
    const right = segmentAt(b, i)
    // `**` leaves the word to the other.
    const first = left?.kind === 'rest' ? right : left
    const second = right?.kind === 'rest' ? left : right
    if (first === undefined || second === undefined) return [path]
    if (first.kind === 'rest') return endings(path, free, others)
    const literal = first.kind === 'literal' ? first : second
    path += `/${literal.kind === 'literal' ? literal.text : free}`
  }
}

function segmentAt(pattern: PathPattern | undefined, index: number): Segment | undefined {
  if (pattern === undefined) return REST
  return pattern.segments[index] ?? (pattern.segments.at(-1)?.kind === 'rest' ? REST : undefined)
}

/** Nothing, a slash, and free segments up to one more than any pattern tells apart. */
function endings(path: string, free: string, others: readonly Rule[]): string[] {
  const deepest = Math.max(0, ...others.map(({ test }) => test?.pattern?.segments.length ?? 0))
  const found = [path === '' ? '/' : path]
  if (path !== '') found.push(`${path}/`)
  let longer = path
  for (let depth = path.split('/').length - 1; depth <= deepest; depth++) {
    longer += `/${free}`
    found.push(longer, `${longer}/`)
  }
  return found
}

function freeSegment(others: readonly Rule[]): string {
  const taken = new Set(others.flatMap(({ test }) => test?.pattern?.segments.map(({ text }) => text) ?? []))
  for (let i = 1; ; i++) if (!taken.has(`x${i}`)) return `x${i}`
}
