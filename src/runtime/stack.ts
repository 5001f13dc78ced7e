/** One route's stack: the layers its policies state, in the order of `policies/index.ts`. What is not stated is not in it. */
import { completeBlock } from '../config/complete.ts'
import type { BlockStatement } from '../config/model.ts'
import type { CacheAccount } from '../core/cache-account.ts'
import type { Clock } from '../core/clock.ts'
import type { Mode, PolicyEvents } from '../core/events.ts'
import type { Dispatch, Layer, RouteInfo } from '../core/exchange.ts'
import type { Eligible, PolicyModule, PolicyParts, PolicyScope, StatedBy } from '../core/policy.ts'
import type { Random } from '../core/random.ts'
import type { ReplayAccount } from '../core/replay-buffer.ts'
import {
  ALWAYS,
  ATTEMPT_ORDER,
  MODULES,
  PICKED_ORDER,
  type Place,
  type PolicyName,
  REQUEST_ORDER,
} from '../policies/index.ts'
import type { Chosen } from '../routing/chosen.ts'
import type { Resolution } from '../routing/resolve.ts'
import type { Rule } from '../routing/rule.ts'
import { toEndpoint } from '../upstream/endpoint.ts'
import type { KeptStates } from './kept-state.ts'

/** A compiled route. */
export interface Route {
  readonly info: RouteInfo
  /** `timeout.request` in ms, Infinity without one: routing makes the exchange's deadline of it. */
  readonly requestTimeout: number
  /** Who may ask is asked here. */
  readonly guarded: boolean
  readonly dispatch: Dispatch
}

/** What every stack of a process is made with. */
export interface StackContext {
  readonly clock: Clock
  readonly random: Random
  readonly events: PolicyEvents
  readonly replay: ReplayAccount
  readonly cache: CacheAccount
  readonly states: KeptStates
  /** The way to another Service; set by `compile`. */
  readonly toService?: (name: string) => Dispatch
  /** Telemetry's layer around each attempt. */
  readonly attempt: Layer
}

/** Who states a block that nobody states. */
const NOBODY: StatedBy = { name: '', routes: [] }

/**
 * `pick` makes the hop that gives an attempt its endpoint, over what is beneath it. Each policy's `create` runs once per
 * route; its state is shared by all routes that take the block from the same statement. `bottom` is beneath all of it.
 */
export function compileRoute(
  info: RouteInfo,
  resolution: Resolution<BlockStatement>,
  pick: (tests: readonly Eligible[], next: Dispatch) => Dispatch,
  context: StackContext,
  bottom: Dispatch = toEndpoint,
): Route {
  const parts = new Map<PolicyName, readonly PolicyParts[]>()
  for (const name of Object.keys(MODULES) as PolicyName[]) {
    parts.set(name, [
      ...enforced(name, info, resolution.blocks.get(name), context),
      ...shadowed(name, info, resolution.shadows.get(name), context),
    ])
  }
  const tests = [...parts.values()].flat().flatMap(({ eligible }) => eligible ?? [])
  const picked = wrap(PICKED_ORDER, parts, context.attempt(bottom))
  const attempt = wrap(ATTEMPT_ORDER, parts, pick(tests, picked))
  return {
    info,
    requestTimeout: requestTimeout(resolution),
    guarded: resolution.blocks.get('authorize')?.stated.mode === 'enforce',
    dispatch: wrap(REQUEST_ORDER, parts, attempt),
  }
}

function enforced(
  name: PolicyName,
  info: RouteInfo,
  chosen: Chosen<BlockStatement> | undefined,
  context: StackContext,
): PolicyParts[] {
  const module = MODULES[name] as unknown as PolicyModule<unknown>
  if (chosen === undefined) {
    if (!ALWAYS.includes(name)) return []
    return [module.create(completeBlock(module.schema), scopeOf(info, NOBODY, name, {}, 'enforce', context))]
  }
  const { stated, rule } = chosen
  if (stated.mode === 'disabled') return []
  return [module.create(stated.config, scopeOf(info, statedBy(rule), name, stated.config, 'enforce', context))]
}

/** Beside what is enforced: it watches, and the answers are those of a stack without it. */
function shadowed(
  name: PolicyName,
  info: RouteInfo,
  chosen: Chosen<BlockStatement> | undefined,
  context: StackContext,
): PolicyParts[] {
  if (chosen === undefined) return []
  const module = MODULES[name] as unknown as PolicyModule<unknown>
  const { stated, rule } = chosen
  return [module.create(stated.config, scopeOf(info, statedBy(rule), name, stated.config, 'shadow', context))]
}

function statedBy({ policy }: Rule<BlockStatement>): StatedBy {
  return { name: policy.name, routes: policy.routes.map(({ path }) => path ?? '/**') }
}

function scopeOf(
  info: RouteInfo,
  policy: StatedBy,
  block: string,
  config: unknown,
  mode: Mode,
  context: StackContext,
): PolicyScope {
  const { clock, random, events, replay, cache, states, toService } = context
  const statement = statementName(policy.name, block, info)
  const print = fingerprint(config, mode)
  return {
    policy,
    direction: info.direction,
    service: info.service,
    route: info,
    clock,
    random,
    events,
    mode,
    replay,
    cache,
    ...(toService === undefined ? {} : { toService }),
    state: (kind, key, make) => states.get(statement, print, kind, key, make),
  }
}

/** What has only watched begins anew when it is enforced: what it counted is what came of doing nothing. */
export function fingerprint(config: unknown, mode: BlockStatement['mode']): string {
  return JSON.stringify([mode, config])
}

/** A statement for `*` is one statement for each service it meets. */
export function statementName(policy: string, block: string, to: { direction: string; service: string }): string {
  return [policy, block, to.direction, to.service].join(' ')
}

/** Of one policy what watches stands outside of what acts: it sees what the policy in force leaves to be done. */
function wrap(
  order: readonly Place[],
  parts: ReadonlyMap<PolicyName, readonly PolicyParts[]>,
  innermost: Dispatch,
): Dispatch {
  return order.reduceRight((next, { policy, part }) => {
    const layers = parts.get(policy)?.map((made) => made[part] as Layer | undefined) ?? []
    return layers.reduce((beneath, layer) => (layer === undefined ? beneath : layer(beneath)), next)
  }, innermost)
}

function requestTimeout(resolution: Resolution<BlockStatement>): number {
  const stated = resolution.blocks.get('timeout')?.stated
  if (stated === undefined || stated.mode === 'disabled') return Number.POSITIVE_INFINITY
  return (stated.config.request as number | undefined) ?? Number.POSITIVE_INFINITY
}
