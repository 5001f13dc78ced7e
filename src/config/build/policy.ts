/** `kind: Policy` → model: its match, and its blocks with those of its Profile. */
import type { PolicyDocument } from '../model.ts'
import type { BlockSchema } from '../schema/policy.ts'
import { type Mode, statements } from './blocks.ts'
import { fields, type WalkedDocument } from './document.ts'
import { buildRoutes, checkMatch } from './match.ts'
import type { Names } from './names.ts'

type Profiles = ReadonlyMap<string, WalkedDocument>

/** Checks what no schema says. */
export function checkPolicy(
  document: WalkedDocument,
  blocks: readonly BlockSchema[],
  names: Names,
  profiles: Profiles,
): void {
  checkMatch(document, names)
  const { use } = document.value
  const missing = typeof use === 'string' ? names.missing('Profile', use) : undefined
  if (missing !== undefined)
    document.error('E041', document.valuePlace('use'), `there is no Profile '${use}'${missing}`)
  checkDirections(document, blocks, profileOf(document, profiles))
  checkHedge(document, profileOf(document, profiles))
  checkShadow(document, blocks, profileOf(document, profiles))
}

function profileOf(document: WalkedDocument, profiles: Profiles): WalkedDocument | undefined {
  const { use } = document.value
  return typeof use === 'string' ? profiles.get(use) : undefined
}

function checkDirections(
  document: WalkedDocument,
  blocks: readonly BlockSchema[],
  profile: WalkedDocument | undefined,
): void {
  const direction = fields(document.value.match).direction
  if (direction !== 'inbound' && direction !== 'outbound') return
  for (const { name, directions } of blocks) {
    if (directions.includes(direction)) continue
    const only = `'${name}' is for ${directions.join(' and ')} policies only`
    if (document.states(name)) {
      document.error('E043', document.keyPlace(name), `${only}, and this one is ${direction}: leave it out`)
    } else if (profile?.states(name) === true) {
      const message = `${only}, and Profile ${profile.head.name} brings it into this ${direction} one: use another`
      document.error('E043', document.valuePlace('use'), message)
    }
  }
}

function checkHedge(document: WalkedDocument, profile: WalkedDocument | undefined): void {
  if (!enforces('hedge', document, profile) || !enforces('retry', document, profile)) return
  const place = document.keyPlace(document.states('hedge') ? 'hedge' : document.states('retry') ? 'retry' : 'use')
  document.error('E044', place, 'hedge and retry exclude each other, found both: leave one out')
}

/** A policy in shadow mode holds no block that has none: it would be at work, or would not, and nobody could tell which. */
function checkShadow(
  document: WalkedDocument,
  blocks: readonly BlockSchema[],
  profile: WalkedDocument | undefined,
): void {
  if (document.value.mode !== 'shadow') return
  for (const { name, shadow } of blocks) {
    const from = document.states(name) ? document : profile
    if (shadow || from?.states(name) !== true || fields(from.value[name]).mode === 'disabled') continue
    const message = `'${name}' has no shadow mode, and the policy is mode: shadow: leave ${name} out, or give it a policy of its own`
    document.error('E049', from === document ? document.keyPlace(name) : document.valuePlace('use'), message)
  }
}

/** A block that only watches, or is taken away, excludes nobody: so a hedge is tried beside the retries it would replace. */
function enforces(name: string, document: WalkedDocument, profile: WalkedDocument | undefined): boolean {
  const stating = document.states(name) ? document : profile
  if (stating?.states(name) !== true) return false
  const { mode } = fields(stating.value[name])
  return mode === undefined || mode === 'enforce'
}

/** Of a sound document, whose Profile is sound too. */
export function buildPolicy(
  document: WalkedDocument,
  blocks: readonly BlockSchema[],
  profiles: Profiles,
): PolicyDocument {
  const { value } = document
  const match = fields(value.match)
  const name = document.head.name
  const mode = (value.mode as Mode | undefined) ?? 'enforce'
  const own = statements(document, blocks, name, '', mode)
  const profile = profileOf(document, profiles)
  const shared = profile === undefined ? [] : statements(profile, blocks, name, profile.head.name, mode)
  return {
    name,
    direction: match.direction as PolicyDocument['direction'],
    service: (match.service as string | undefined) ?? '*',
    workload: (match.workload as readonly string[] | undefined) ?? [],
    port: match.port as number | undefined,
    routes: buildRoutes(document),
    blocks: [...own, ...shared.filter((block) => !document.states(block.block))],
    place: document.place,
  }
}

/** Whether a model can be made: the document and what it uses are sound. */
export function isBuildable(document: WalkedDocument, profiles: Profiles): boolean {
  const { use } = document.value
  return document.sound && (typeof use !== 'string' || profileOf(document, profiles)?.sound === true)
}
