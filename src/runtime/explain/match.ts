/** Rules in words: what they ask for, and why a request does not meet one. */
import type { BlockStatement } from '../../config/model.ts'
import { hasGrpcType } from '../../core/grpc.ts'
import { get } from '../../core/headers.ts'
import { isHost } from '../../routing/host-test.ts'
import type { Destination, Rule } from '../../routing/rule.ts'
import type { PolicyReport } from './report.ts'
import { at } from './values.ts'

type AnyRule = Rule<BlockStatement>

/** A request as rules see it. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
  /** '' where it is not known. */
  readonly authority: string
}

export function policyReport(rule: AnyRule): PolicyReport {
  return { policy: rule.policy.name, match: matchText(rule), place: at(rule.route?.place ?? rule.policy.place) }
}

/** `GET,HEAD /v1/** with x-tenant: gold, service inventory, in sidecar orders`. */
function matchText({ policy, test, route }: AnyRule): string {
  const methods = route?.grpc === undefined ? (test?.methods ?? []) : ['gRPC']
  const parts = [requestText(methods, route?.grpc ?? route?.path, route?.headers ?? [])]
  if (policy.direction === 'outbound') parts.push(policy.service === '*' ? 'any service' : `service ${policy.service}`)
  if (policy.port !== undefined) parts.push(`port ${policy.port}`)
  if (policy.workload.length > 0) parts.push(`in sidecar ${policy.workload.join(' or ')}`)
  return parts.join(', ')
}

function requestText(
  methods: readonly string[],
  path: string | undefined,
  headers: readonly (readonly [string, string])[],
): string {
  const parts = [methods.join(','), path ?? '', headers.map(([name, value]) => `${name}: ${value}`).join(', ')]
  const said = parts.filter((part) => part !== '').join(' ')
  return said === '' ? 'every request' : said
}

/** Why the request does not meet the rule; undefined when it does. */
export function missText(rule: AnyRule, asked: Asked, to: Destination): string | undefined {
  const { policy, test } = rule
  if (policy.port !== undefined && policy.port !== to.port) return `it is for port ${policy.port}`
  if (policy.workload.length > 0 && !policy.workload.includes(to.workload)) return `this sidecar is '${to.workload}'`
  if (test === undefined || test.matches(asked.method, asked.path, asked.headers, asked.authority)) return undefined
  if (test.pattern !== undefined && !test.pattern.matches(asked.path)) return `the path is ${asked.path}`
  if (test.methods.length > 0 && !test.methods.includes(asked.method)) return `the method is ${asked.method}`
  if (test.grpc && !hasGrpcType(asked.headers)) return 'it is for gRPC calls'
  const host = get(test.headers, 'host')
  if (host !== undefined && !isHost(host, asked.authority)) return hostText(asked.authority)
  return 'the headers are not there'
}

function hostText(authority: string): string {
  return authority === '' ? 'no host was named' : `the host is ${authority}`
}
