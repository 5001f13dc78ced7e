// cold file: runs at load, to find what no operator means
/** Fields that a less specific policy states and a more specific statement of the same block leaves out, and so loses. */
import { destinationsMeet, testsMeet } from './overlap.ts'
import { type Rule, rulesOf } from './rule.ts'
import { compare } from './specificity.ts'
import type { Place, StatedBlock, StatedPolicy } from './stated.ts'

/** A statement with its values and where each was written, by dotted path below the block. */
export interface PlacedBlock extends StatedBlock {
  readonly config: Readonly<Record<string, unknown>>
  readonly place: Place
  readonly places: ReadonlyMap<string, Place>
}

export interface Loss<B extends PlacedBlock> {
  readonly block: B
  readonly policy: StatedPolicy<B>
  readonly lostBlock: B
  readonly lostPolicy: StatedPolicy<B>
  /** Dotted paths below the block; a list counts as one field. */
  readonly fields: readonly string[]
}

/** One loss for each two policies and block; a field that several policies state is lost to the most specific of them. */
export function findLosses<B extends PlacedBlock>(policies: readonly StatedPolicy<B>[]): Loss<B>[] {
  const rules = new Map(policies.map((policy) => [policy, rulesOf(policy)]))
  return policies.flatMap((policy) => {
    const ours = rules.get(policy) as Rule<B>[]
    const beaten = policies
      .filter((other) => other !== policy && destinationsMeet(policy, other))
      .flatMap((other) => (rules.get(other) as Rule<B>[]).filter((theirs) => ours.some((rule) => beats(rule, theirs))))
      .toSorted(compare)
    return policy.blocks.flatMap((block) => lossesOf(policy, block, beaten))
  })
}

function beats(a: Rule, b: Rule): boolean {
  return compare(a, b) < 0 && testsMeet(a.test, b.test)
}

function lossesOf<B extends PlacedBlock>(policy: StatedPolicy<B>, block: B, beaten: readonly Rule<B>[]): Loss<B>[] {
  // What only watches takes nothing from what holds.
  if (block.mode !== 'enforce') return []
  const stated = fieldsOf(block)
  const losses: Loss<B>[] = []
  for (const { policy: lostPolicy } of beaten) {
    const lostBlock = lostPolicy.blocks.find((other) => other.block === block.block)
    if (lostBlock === undefined || lostBlock.mode !== 'enforce') continue
    const fields = [...fieldsOf(lostBlock)].filter((field) => !stated.has(field) && differs(block, lostBlock, field))
    for (const field of fields) stated.add(field)
    if (fields.length > 0) losses.push({ block, policy, lostBlock, lostPolicy, fields })
  }
  return losses
}

/** The stated fields that hold a value or a list; of a block that is a list itself, none. */
function fieldsOf(block: PlacedBlock): Set<string> {
  const fields = new Set([...block.places.keys()].map(upToList).filter((field) => field !== ''))
  for (const field of fields) {
    for (let dot = field.lastIndexOf('.'); dot > 0; dot = field.lastIndexOf('.', dot - 1))
      fields.delete(field.slice(0, dot))
  }
  return fields
}

/** `failures.0` is of the field `failures`. */
function upToList(path: string): string {
  const parts = path.split('.')
  const index = parts.findIndex((part) => part !== '' && !Number.isNaN(Number(part)))
  return (index < 0 ? parts : parts.slice(0, index)).join('.')
}

function differs(a: PlacedBlock, b: PlacedBlock, field: string): boolean {
  return JSON.stringify(valueAt(a.config, field)) !== JSON.stringify(valueAt(b.config, field))
}

function valueAt(config: unknown, field: string): unknown {
  let value = config
  for (const key of field.split('.')) value = (value as Record<string, unknown> | undefined)?.[key]
  return value
}
