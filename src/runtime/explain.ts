/** Which policies a request would meet, why, and what they come to. Pure: the same for a file and for the live config. */
import { completeBlock } from '../config/complete.ts'
import { lintTogether } from '../config/lint/lint.ts'
import type { BlockStatement, Config, Issue } from '../config/model.ts'
import { hasGrpcType } from '../core/grpc.ts'
import type { PolicyModule } from '../core/policy.ts'
import { ALWAYS, BLOCKS } from '../policies/index.ts'
import type { Chosen } from '../routing/chosen.ts'
import { type Resolution, resolve } from '../routing/resolve.ts'
import { type Destination, type Rule, rulesOf } from '../routing/rule.ts'
import { advantage } from '../routing/specificity.ts'
import { aroundOf } from './explain/around.ts'
import { factsOf } from './explain/facts/index.ts'
import type { AtWork, Subject } from './explain/facts/source.ts'
import { locate } from './explain/locate.ts'
import { type Asked, missText, policyReport } from './explain/match.ts'
import type { BlockReport, Explained, Explanation, Query } from './explain/report.ts'
import { orderOf } from './explain/order.ts'
import { at, valuesOf } from './explain/values.ts'

/** Blocks of which something holds though nobody states them. */
const WITH_DEFAULTS: readonly string[] = ALWAYS

export function explain(config: Config, query: Query): Explanation {
  const located = locate(config, query)
  if (!located.found) return located
  const { service, path, authority, port, endpoints, size } = located
  const to: Destination = { direction: query.direction, service, workload: config.sidecar.name, port }
  const asked: Asked = { method: query.method, path, headers: query.headers, authority }
  const rules = candidates(config, to)
  const resolution = resolve(rules.filter((rule) => missText(rule, asked, to) === undefined))
  const { template, stream } = resolution
  const subject: Subject = {
    direction: query.direction,
    service,
    method: query.method,
    stream,
    grpc: hasGrpcType(query.headers),
    endpoints: size,
    blocks: enforced(resolution),
    around: aroundOf(config, to),
  }
  const shadowed = inShadow(resolution)
  return {
    found: true,
    direction: query.direction,
    service,
    method: query.method,
    path,
    port: port ?? null,
    route: template,
    stream: stream ?? null,
    endpoints,
    met: resolution.rules.map(policyReport),
    missed: missed(rules, asked, to),
    order: orderOf(subject, shadowed),
    blocks: BLOCKS.flatMap((module) => blockReports(module, resolution)),
    gaveWay: gaveWay(resolution),
    facts: factsOf(subject, shadowed),
    warnings: warningsOf(config, resolution),
  }
}

/** All rules that name this service or all, whether they hold in this sidecar or not. */
function candidates(config: Config, { direction, service }: Destination): Rule<BlockStatement>[] {
  return config.policies
    .filter((policy) => policy.direction === direction)
    .filter((policy) => direction === 'inbound' || policy.service === '*' || policy.service === service)
    .flatMap((policy) => rulesOf(policy))
}

/** Policies with no way in for this request. */
function missed(rules: readonly Rule<BlockStatement>[], asked: Asked, to: Destination): Explained['missed'] {
  const met = new Set(rules.filter((rule) => missText(rule, asked, to) === undefined).map(({ policy }) => policy))
  return rules
    .filter(({ policy }) => !met.has(policy))
    .map((rule) => ({ ...policyReport(rule), because: missText(rule, asked, to) ?? '' }))
}

/** What holds, and after it what watches beside it. */
function blockReports(module: PolicyModule<never>, resolution: Resolution<BlockStatement>): BlockReport[] {
  const { name } = module
  const chosen = resolution.blocks.get(name)
  const shadow = resolution.shadows.get(name)
  const holds = chosen === undefined ? statedByNobody(module) : statement(module, chosen, resolution)
  if (shadow === undefined) return [holds]
  const watches: BlockReport = {
    ...statement(module, shadow, resolution),
    mode: 'shadow',
  }
  return [holds, watches]
}

function statedByNobody({ name, schema }: PolicyModule<never>): BlockReport {
  const nobody = { block: name, mode: 'enforce', policy: '', profile: '', place: '', over: [] } as const
  if (!WITH_DEFAULTS.includes(name)) return { ...nobody, state: 'none', values: [] }
  return { ...nobody, state: 'default', values: valuesOf(name, schema, completeBlock(schema), new Map()) }
}

function statement(
  { name, schema }: PolicyModule<never>,
  chosen: Chosen<BlockStatement>,
  resolution: Resolution<BlockStatement>,
): BlockReport {
  const { stated } = chosen
  const isOff = stated.mode === 'disabled'
  return {
    block: name,
    state: isOff ? 'disabled' : 'stated',
    mode: 'enforce',
    policy: stated.policy,
    profile: stated.profile,
    place: at(stated.place),
    over: beaten(chosen, resolution),
    values: isOff ? [] : valuesOf(name, schema, stated.config, stated.places),
  }
}

/** Whom the statement takes the place of; what only watches takes nobody's, and nobody takes its. */
function beaten(chosen: Chosen<BlockStatement>, { rules }: Resolution<BlockStatement>): BlockReport['over'] {
  const seen = new Set([chosen.rule.policy])
  if (chosen.stated.mode === 'shadow') return []
  return rules.flatMap((rule) => {
    const stated = rule.states(chosen.stated.block)
    if (stated === undefined || stated.mode === 'shadow' || seen.has(rule.policy)) return []
    seen.add(rule.policy)
    return [{ ...policyReport(rule), place: at(stated.place), because: advantage(chosen.rule, rule) }]
  })
}

/** The blocks as the runtime would enforce them: stated, or default, or none. */
function enforced({ blocks }: Resolution<BlockStatement>): AtWork {
  const found: Record<string, unknown> = {}
  for (const { name, schema } of BLOCKS) {
    const stated = blocks.get(name)?.stated
    if (stated !== undefined) found[name] = stated.mode === 'disabled' ? undefined : stated.config
    else if (WITH_DEFAULTS.includes(name)) found[name] = completeBlock(schema)
  }
  return found as AtWork
}

function inShadow({ shadows }: Resolution<BlockStatement>): AtWork {
  return Object.fromEntries(Array.from(shadows, ([name, { stated }]) => [name, stated.config]))
}

function gaveWay({ gaveWay }: Resolution<BlockStatement>): Explained['gaveWay'] {
  if (gaveWay === undefined) return null
  const { lost, to } = gaveWay
  return { ...named(lost.stated), to: named(to.stated) }
}

function named({ block, policy, place }: BlockStatement): { block: string; policy: string; place: string } {
  return { block, policy, place: at(place) }
}

/** Warnings whose place lies in a statement that is met, and what no policy shows alone: blocks of several that do not fit. */
function warningsOf(config: Config, { rules, blocks }: Resolution<BlockStatement>): Explained['warnings'] {
  const lines = new Set<string>()
  for (const { policy } of rules) {
    lines.add(at(policy.place))
    for (const { place } of policy.routes) lines.add(at(place))
    for (const block of policy.blocks) for (const place of [block.place, ...block.places.values()]) lines.add(at(place))
  }
  const stated = config.warnings.filter(({ place }) => lines.has(at(place)))
  const known = new Set(stated.map(keyOf))
  const together = lintTogether(Array.from(blocks.values(), (chosen) => chosen.stated))
  return [...stated, ...together.filter((warning) => !known.has(keyOf(warning)))].map(({ code, message, place }) => ({
    code,
    message,
    place: at(place),
  }))
}

function keyOf({ code, place }: Issue): string {
  return `${code} ${place.file}:${place.line}:${place.column}`
}
