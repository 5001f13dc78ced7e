/** One way into a policy: the policy itself, or one entry of its routes. */
import { RequestTest } from './request-test.ts'
import type { StatedBlock, StatedPolicy, StatedRoute } from './stated.ts'

export class Rule<B extends StatedBlock = StatedBlock> {
  readonly policy: StatedPolicy<B>
  /** Undefined: the policy names no routes and holds for every request. */
  readonly route: StatedRoute | undefined
  readonly test: RequestTest | undefined

  constructor(policy: StatedPolicy<B>, route: StatedRoute | undefined) {
    this.policy = policy
    this.route = route
    this.test = route === undefined ? undefined : new RequestTest(route)
  }

  /** What the policy states of `block`. */
  states(block: string): B | undefined {
    return this.policy.blocks.find((stated) => stated.block === block)
  }
}

/** All ways into a policy. */
export function rulesOf<B extends StatedBlock>(policy: StatedPolicy<B>): Rule<B>[] {
  if (policy.routes.length === 0) return [new Rule(policy, undefined)]
  return policy.routes.map((route) => new Rule(policy, route))
}

/** Where requests go, as far as it is known before one comes. */
export interface Destination {
  readonly direction: 'inbound' | 'outbound'
  /** The Service's name; inbound it does not matter. */
  readonly service: string
  /** The Sidecar's name. */
  readonly workload: string
  /** The application's port, inbound; undefined outbound. */
  readonly port: number | undefined
}

/** The rules of all policies that speak of this destination. */
export function rulesFor<B extends StatedBlock>(
  policies: readonly StatedPolicy<B>[],
  destination: Destination,
): Rule<B>[] {
  return policies.filter((policy) => speaksOf(policy, destination)).flatMap(rulesOf)
}

function speaksOf(policy: StatedPolicy, to: Destination): boolean {
  if (policy.direction !== to.direction) return false
  if (policy.direction === 'outbound' && policy.service !== '*' && policy.service !== to.service) return false
  if (policy.port !== undefined && policy.port !== to.port) return false
  return policy.workload.length === 0 || policy.workload.includes(to.workload)
}
