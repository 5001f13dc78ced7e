// cold file: runs at load, to find what no operator means
/** Two equally specific statements of one block, or of two that exclude each other, that some request could meet both. */
import { get } from '../core/headers.ts'
import { destinationsMeet, testsMeet } from './overlap.ts'
import { areRivals } from './rivals.ts'
import { type Rule, rulesOf } from './rule.ts'
import { compare } from './specificity.ts'
import type { StatedBlock, StatedPolicy } from './stated.ts'
import { type Witness, witnesses } from './witness.ts'

export interface Tie<B extends StatedBlock> {
  /** The statement that stands later. */
  readonly block: B
  readonly policy: StatedPolicy<B>
  readonly otherBlock: B
  readonly otherPolicy: StatedPolicy<B>
  /** A request that meets both. */
  readonly witness: Witness
}

/**
 * Others that each policy is told with, those that stand first: a thousand that all tie, as a copied file makes them, are half a
 * million pairs, and each pair mended uncovers the next.
 */
const MOST_OTHERS = 3

/** `policies` in file order. One tie for each two policies and block, with as many others as `MOST_OTHERS`. */
export function findTies<B extends StatedBlock>(policies: readonly StatedPolicy<B>[]): Tie<B>[] {
  const ties: Tie<B>[] = []
  const rules = policies.map(rulesOf)
  for (const [i, policy] of policies.entries()) {
    let others = 0
    for (let j = 0; j < i && others < MOST_OTHERS; j++) {
      const otherPolicy = policies[j] as StatedPolicy<B>
      if (!mayClash(policy, otherPolicy) || !destinationsMeet(policy, otherPolicy)) continue
      const witness = meeting(rules[i] as Rule<B>[], rules[j] as Rule<B>[])
      if (witness === undefined) continue
      others++
      for (const [block, otherBlock] of clashesOf(policy, otherPolicy))
        ties.push({ block, policy, otherBlock, otherPolicy, witness })
    }
  }
  return ties
}

/** Asked of any two policies, so it makes nothing. */
function mayClash(policy: StatedPolicy, otherPolicy: StatedPolicy): boolean {
  for (const block of policy.blocks) for (const other of otherPolicy.blocks) if (clash(block, other)) return true
  return false
}

/** Statements that cannot both hold: of one block, or of two that exclude each other. */
function clashesOf<B extends StatedBlock>(policy: StatedPolicy<B>, otherPolicy: StatedPolicy<B>): [B, B][] {
  return policy.blocks.flatMap((block) =>
    otherPolicy.blocks.filter((other) => clash(block, other)).map((other): [B, B] => [block, other]),
  )
}

function clash(block: StatedBlock, other: StatedBlock): boolean {
  return block.block === other.block ? !besideEachOther(block, other) : areRivals(block, other)
}

/** One holds and the other only watches. */
function besideEachOther({ mode }: StatedBlock, other: StatedBlock): boolean {
  return mode !== other.mode && mode !== 'disabled' && other.mode !== 'disabled'
}

/** A request for which the most specific rules of both are equally specific. */
function meeting(ours: readonly Rule[], theirs: readonly Rule[]): Witness | undefined {
  const all = [...ours, ...theirs]
  for (const a of ours) {
    for (const b of theirs) {
      if (compare(a, b) !== 0 || !testsMeet(a.test, b.test)) continue
      // A further entry of either policy may speak with more weight wherever these two meet.
      const found = witnesses(a.test, b.test, all).find(
        (request) => compare(best(ours, request), best(theirs, request)) === 0,
      )
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** The most specific rule that the request meets; there is one, the witness's own. */
function best(rules: readonly Rule[], { method, path, headers }: Witness): Rule {
  const host = get(headers, 'host') ?? ''
  return rules.filter(({ test }) => test?.matches(method, path, headers, host) ?? true).toSorted(compare)[0] as Rule
}
