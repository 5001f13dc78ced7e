/**
 * Which of two rules is the more specific (policy-format.md, "Which block applies"): a named service over `*`, routes over
 * none, segment by segment from the left literal over `{name}` or `*` over `**`, then methods, then headers, then
 * workload. An application port, which only inbound policies name, ranks with the service: both say where to.
 *
 * Methods and workload count as said or not said, headers by their number: one more field is one more condition. A gRPC method is a path with the method
 * POST and one field more, the content type.
 */
import type { PathPattern } from '../core/path-pattern.ts'
import type { Rule } from './rule.ts'

/** Below 0: `a` is more specific; above 0: `b`; 0: equally specific. A total order of ranks, so it can sort. */
export function compare(a: Rule, b: Rule): number {
  return (
    said(b.policy.service !== '*', a.policy.service !== '*') ||
    said(b.policy.port !== undefined, a.policy.port !== undefined) ||
    said(b.test !== undefined, a.test !== undefined) ||
    comparePaths(a.test?.pattern, b.test?.pattern) ||
    said(methods(b) > 0, methods(a) > 0) ||
    headers(b) - headers(a) ||
    said(b.policy.workload.length > 0, a.policy.workload.length > 0)
  )
}

/** By paths alone; a route entry without one ranks as `/**`. */
export function comparePaths(a: PathPattern | undefined, b: PathPattern | undefined): number {
  for (let i = 0; ; i++) {
    const left = rank(a, i)
    const difference = rank(b, i) - left
    if (difference !== 0) return difference
    // Both end here: `**` and the end of a pattern are always the last of it.
    if (left === REST || left === END) return 0
  }
}

const LITERAL = 4
const ANY = 3
/** Above `**`: `/v1` says more than `/v1/**`. It never meets a rank above it. */
const END = 2
const REST = 1

function rank(pattern: PathPattern | undefined, index: number): number {
  if (pattern === undefined) return REST
  const segment = pattern.segments[index]
  if (segment === undefined) return END
  return segment.kind === 'literal' ? LITERAL : segment.kind === 'any' ? ANY : REST
}

function said(b: boolean, a: boolean): number {
  return Number(b) - Number(a)
}

function methods(rule: Rule): number {
  return rule.test === undefined ? 0 : rule.test.methods.length
}

/** Fields asked for; the content type of gRPC is one. */
function headers({ test }: Rule): number {
  return test === undefined ? 0 : test.headers.length / 2 + Number(test.grpc)
}

/** What decided between two rules, in words that follow "because it". */
export function advantage(winner: Rule, loser: Rule): string {
  if (winner.policy.service !== '*' && loser.policy.service === '*') return 'names the service'
  if (winner.policy.port !== undefined && loser.policy.port === undefined) return 'names the port'
  if (winner.test !== undefined && loser.test === undefined) return 'names routes'
  if (comparePaths(winner.test?.pattern, loser.test?.pattern) !== 0) return 'names the path more closely'
  if (methods(winner) > 0 && methods(loser) === 0) return 'names methods'
  if (headers(winner) > headers(loser)) return 'names more headers'
  if (winner.policy.workload.length > 0 && loser.policy.workload.length === 0) return 'names this sidecar'
  return 'stands first'
}
