/** What a check sees, and how it says what it found. */
import type { Code } from '../issues.ts'
import type { BlockStatement, Place, PolicyDocument } from '../model.ts'

/** The blocks of one policy that are at work or in shadow mode, its Profile's included. */
export type Blocks = ReadonlyMap<string, BlockStatement>

export interface Warning {
  readonly code: Code
  readonly place: Place
  readonly message: string
}

/** How many endpoints each Service lists; one whose endpoints are looked up is not there. */
export type ServiceSizes = ReadonlyMap<string, number>

export type Check = (blocks: Blocks, policy: PolicyDocument) => Warning[]

/** A field of a block that is a number (ms, bytes, a count); undefined where the block or the field is not there. */
export function number(blocks: Blocks, block: string, path: string): number | undefined {
  let value: unknown = blocks.get(block)?.config
  for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name]
  return typeof value === 'number' ? value : undefined
}

/** Where the field is stated, else where its block is. */
export function placeOf(block: BlockStatement, path: string): Place {
  return block.places.get(path) ?? block.place
}
