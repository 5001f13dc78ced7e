/** Blocks that exclude each other. In one policy that is an error; of two policies the more specific one has its way. */
import type { Chosen } from './chosen.ts'
import { compare } from './specificity.ts'
import type { StatedBlock } from './stated.ts'

/** Both send attempts beyond the first, and each by a budget of its own. */
const RIVALS = ['hedge', 'retry'] as const

/** Whether two statements cannot hold for one request. What only watches, or takes a block away, is in nobody's way. */
export function areRivals(one: StatedBlock, other: StatedBlock): boolean {
  if (one.mode !== 'enforce' || other.mode !== 'enforce') return false
  const [hedge, retry] = RIVALS
  return one.block === hedge ? other.block === retry : one.block === retry && other.block === hedge
}

/** A statement that another one excludes. */
export interface GaveWay<B extends StatedBlock> {
  readonly lost: Chosen<B>
  readonly to: Chosen<B>
}

/** Takes the less specific of two rivals away, as if nobody had stated it, and says so. */
export function settleRivals<B extends StatedBlock>(blocks: Map<string, Chosen<B>>): GaveWay<B> | undefined {
  const [hedge, retry] = RIVALS.map((name) => blocks.get(name))
  if (hedge === undefined || retry === undefined || !areRivals(hedge.stated, retry.stated)) return undefined
  const [to, lost] = compare(hedge.rule, retry.rule) < 0 ? [hedge, retry] : [retry, hedge]
  blocks.delete(lost.stated.block)
  // cold: runs once per route
  return { lost, to }
}
