// cold file: runs at load, to find what no operator means
/** What is wrong, or surely not meant, between policies, as the loader reports it. */
import { findLosses, type PlacedBlock } from './lost-fields.ts'
import type { Place, StatedPolicy } from './stated.ts'
import { findTies, type Tie } from './ties.ts'

/** An Issue of `config/`. */
export interface Conflict {
  readonly severity: 'error' | 'warning'
  readonly code: 'E050' | 'W011'
  readonly message: string
  readonly place: Place
}

/** Ties (E050) and lost fields (W011). `policies` in file order. */
export function findConflicts<B extends PlacedBlock>(policies: readonly StatedPolicy<B>[]): Conflict[] {
  return [...ties(policies), ...losses(policies)]
}

function ties<B extends PlacedBlock>(policies: readonly StatedPolicy<B>[]): Conflict[] {
  return findTies(policies).map((tie) => ({
    severity: 'error',
    code: 'E050',
    message:
      `of two policies that state ${what(tie)} for one request, one must be more specific: '${tie.policy.name}' ` +
      `here and '${tie.otherPolicy.name}' at ${at(tie.otherBlock.place)} rank the same, and ${example(tie)} meets both; ` +
      `${remedy(tie)}, or narrow the match of one`,
    place: tie.block.place,
  }))
}

function losses<B extends PlacedBlock>(policies: readonly StatedPolicy<B>[]): Conflict[] {
  return findLosses(policies).map(({ block, policy, lostBlock, lostPolicy, fields }) => ({
    severity: 'warning',
    code: 'W011',
    message:
      `a block is taken whole: ${block.block} of '${policy.name}' leaves out ${list(fields)}, which '${lostPolicy.name}' ` +
      `states at ${at(lostBlock.places.get(fields[0] as string) ?? lostBlock.place)}, so ` +
      `${fields.length === 1 ? 'it takes its default' : 'they take their defaults'} here; state ` +
      `${fields.length === 1 ? 'it' : 'them'} again`,
    place: block.place,
  }))
}

function what({ block, otherBlock }: Tie<PlacedBlock>): string {
  const both = block.block !== otherBlock.block
  return both ? `${block.block} and ${otherBlock.block}, which exclude each other,` : block.block
}

function remedy({ block, otherBlock }: Tie<PlacedBlock>): string {
  return block.block === otherBlock.block ? `state ${block.block} in one of them` : 'leave one out'
}

function example({ witness, policy, otherPolicy }: Tie<PlacedBlock>): string {
  const services = [policy.service, otherPolicy.service].filter((name) => name !== '*')
  const to = services.length === 0 ? '' : ` to ${services[0]}`
  const headers = witness.headers.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${witness.headers[i + 1]}`] : []))
  return `${witness.method} ${witness.path}${to}${headers.length === 0 ? '' : ` with ${headers.join(', ')}`}`
}

function at({ file, line }: Place): string {
  return `${file}:${line}`
}

function list(fields: readonly string[]): string {
  return fields.length < 2 ? fields.join() : `${fields.slice(0, -1).join(', ')} and ${fields.at(-1)}`
}
