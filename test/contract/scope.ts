/** What a policy is made in, for the contract tests: its clock and dice are the history's, its events are counted. */
import type { PolicyEvents } from '../../src/core/events.ts'
import type { RouteInfo } from '../../src/core/exchange.ts'
import type { PolicyScope } from '../../src/core/policy.ts'
import { ReplayAccount } from '../../src/core/replay-buffer.ts'
import type { SubjectEnv } from './play.ts'

export const ROUTE: RouteInfo = {
  direction: 'outbound',
  service: 'subject',
  template: '*',
  stream: undefined,
  telemetry: undefined,
}

export interface ContractScope extends PolicyScope {
  readonly replay: ReplayAccount
  /** Every state that a policy made, by kind and key. */
  readonly states: ReadonlyMap<string, unknown>
  /** What was reported as a defect of ours. */
  readonly defects: string[]
}

export function scopeOf(env: SubjectEnv, route: RouteInfo = ROUTE): ContractScope {
  const states = new Map<string, unknown>()
  const defects: string[] = []
  const events: PolicyEvents = {
    decided() {},
    attemptFollows() {},
    retrySkipped() {},
    bulkheadRejected() {},
    bulkheadWaited() {},
    circuitChanged() {},
    endpointChanged() {},
    fallbackServed() {},
    defect: (where, error) => defects.push(`defect ${where}: ${error instanceof Error ? error.stack : error}`),
  }
  return {
    policy: { name: 'subject', routes: [] },
    direction: 'outbound',
    mode: 'enforce',
    service: 'subject',
    route,
    clock: env.clock,
    random: env.random,
    events,
    replay: new ReplayAccount(100_000),
    states,
    defects,
    state<S>(kind: string, key: string, make: () => S): S {
      const name = `${kind} ${key}`
      if (!states.has(name)) states.set(name, make())
      return states.get(name) as S
    },
  }
}

/** Nothing was reported as a defect, no replayed byte is held. */
export function restOf(scope: ContractScope): string[] {
  const held = scope.replay.used === 0 ? [] : [`${scope.replay.used} bytes are held for replay`]
  return [...scope.defects, ...held]
}
