/** Blocks that the format has and this version does not: refused by name, never ignored. */
import type { BlockSchema } from './policy.ts'

const INBOUND = ['inbound'] as const

export const LATER_BLOCKS: readonly BlockSchema[] = [later('concurrency', INBOUND, 'A limit that finds itself.')]

function later(name: string, directions: BlockSchema['directions'], description: string): BlockSchema {
  return { name, directions, shadow: false, schema: { notYet: true, description } }
}
