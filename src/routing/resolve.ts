/** From the rules a request meets to the blocks that hold for it: each from the most specific policy that states it. */
import type { PathPattern } from '../core/path-pattern.ts'
import type { Chosen } from './chosen.ts'
import { type GaveWay, settleRivals } from './rivals.ts'
import type { Rule } from './rule.ts'
import { compare, comparePaths } from './specificity.ts'
import type { StatedBlock } from './stated.ts'

export interface Resolution<B extends StatedBlock> {
  /** All rules that were met, the most specific first. */
  readonly rules: readonly Rule<B>[]
  /** The most specific path pattern that was met, whatever its policy states. */
  readonly pattern: PathPattern | undefined
  /** The name of the route: that pattern as it was written, or `*`. */
  readonly template: string
  /** As the most specific route entry says that says anything. */
  readonly stream: boolean | undefined
  /** What holds, by name of the block. What is not in it nobody states, or only in shadow mode. */
  readonly blocks: ReadonlyMap<string, Chosen<B>>
  /**
   * Blocks whose most specific statement is in shadow mode. They watch beside what holds without them, which is what a less
   * specific policy states, or the default: to try a block changes nothing.
   */
  readonly shadows: ReadonlyMap<string, Chosen<B>>
  /** Of hedge and retry, which exclude each other, the one that is not in `blocks` because the other is. */
  readonly gaveWay: GaveWay<B> | undefined
}

/** `met` in any order. */
export function resolve<B extends StatedBlock>(met: readonly Rule<B>[]): Resolution<B> {
  const rules = met.toSorted(compare)
  const pattern = closestPattern(rules)
  const blocks = new Map<string, Chosen<B>>()
  const shadows = new Map<string, Chosen<B>>()
  for (const rule of rules) {
    for (const stated of rule.policy.blocks) {
      const name = stated.block
      const holds = blocks.get(name)
      if (holds !== undefined && !watchesBeside(stated, rule, holds)) continue
      const chosen = { stated, rule, pattern: rule.test?.pattern ?? pattern }
      if (stated.mode !== 'shadow') blocks.set(name, chosen)
      else if (!shadows.has(name)) shadows.set(name, chosen)
    }
  }
  const gaveWay = settleRivals(blocks)
  // cold: runs once per route
  const stream = rules.find((rule) => rule.route?.stream !== undefined)?.route?.stream
  return { rules, pattern, template: pattern === undefined ? '*' : pattern.source, stream, blocks, shadows, gaveWay }
}

/** As specific as the statement that holds: it is there to be compared with it. */
function watchesBeside<B extends StatedBlock>(stated: B, rule: Rule<B>, holds: Chosen<B>): boolean {
  return stated.mode === 'shadow' && holds.stated.mode === 'enforce' && compare(rule, holds.rule) === 0
}

function closestPattern(rules: readonly Rule[]): PathPattern | undefined {
  let closest: PathPattern | undefined
  for (const rule of rules) {
    const pattern = rule.test?.pattern
    if (pattern === undefined) continue
    if (closest === undefined || comparePaths(pattern, closest) < 0) closest = pattern
  }
  return closest
}
