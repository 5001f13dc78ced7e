/** `kind: Policy` and `kind: Profile`, put together from the blocks that the policies hand in. */
import type { Schema } from '../../core/policy.ts'
import { HEAD, NAME, PORT } from './common.ts'
import { SERVICE_NAME_OR_STAR } from './service.ts'

/** What the loader must know of a policy; a `PolicyModule` is one. */
export interface BlockSchema {
  readonly name: string
  readonly schema: Schema
  readonly directions: readonly ('inbound' | 'outbound')[]
  /** `mode: shadow` may stand in it. */
  readonly shadow: boolean
}

const MODE: Schema = {
  default: 'enforce',
  type: 'string',
  enum: ['enforce', 'shadow', 'disabled'],
  description: 'shadow counts what the block would have done; disabled takes it away.',
}

/** Of a block that has no shadow mode. */
const PLAIN_MODE: Schema = {
  default: 'enforce',
  type: 'string',
  enum: ['enforce', 'disabled'],
  description: 'disabled takes the block away.',
}

const ROUTE: Schema = {
  type: 'object',
  description: 'All that is stated must hold.',
  properties: {
    path: {
      type: 'string',
      description: 'Segments: literal, {name}, *, and ** at the end.',
      expects: 'a path pattern',
    },
    methods: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Z-]+$", expects: 'a method such as GET' },
    },
    headers: { type: 'object', default: {}, additionalProperties: { type: 'string' } },
    grpc: {
      type: 'string',
      description:
        'Instead of path and methods: a gRPC method, or all of a service: pkg.Service/Method, pkg.Service/*.',
      expects: 'a gRPC method',
    },
    stream: { type: 'boolean', description: 'Whether its calls are streams.' },
  },
}

const MATCH: Schema = {
  type: 'object',
  required: ['direction'],
  properties: {
    direction: { type: 'string', enum: ['outbound', 'inbound'] },
    service: { ...SERVICE_NAME_OR_STAR, description: 'Outbound only.' },
    workload: { type: 'array', minItems: 1, items: NAME, description: 'Only in sidecars of these names; default all.' },
    port: { ...PORT, description: "Inbound only: the application's port." },
    routes: { type: 'array', minItems: 1, items: ROUTE, description: 'Alternatives; absent: every request.' },
  },
}

/** A block in a file: as its policy has it, and `mode`. */
function inFile(schema: Schema, shadow: boolean): Schema {
  if (schema.oneOf !== undefined) return { ...schema, oneOf: schema.oneOf.map((one) => inFile(one, shadow)) }
  const mode = shadow ? MODE : PLAIN_MODE
  if (schema.type === 'object') return { ...schema, properties: { mode, ...schema.properties } }
  // A list has no room for `mode`, so it may be switched off in its place.
  const off: Schema = {
    type: 'object',
    required: ['mode'],
    properties: { mode: { type: 'string', enum: ['disabled'] } },
  }
  const { description, ...list } = schema
  return { oneOf: [list, off], ...(description === undefined ? {} : { description }) }
}

function blocksOf(blocks: readonly BlockSchema[]): Record<string, Schema> {
  return Object.fromEntries(blocks.map((block) => [block.name, inFile(block.schema, block.shadow)]))
}

export function policySchema(blocks: readonly BlockSchema[]): Schema {
  return {
    type: 'object',
    description: 'What holds for the requests that match: each block on its own.',
    required: ['name', 'match'],
    properties: {
      ...HEAD,
      match: MATCH,
      use: { ...NAME, description: 'A Profile: its blocks, unless stated here.' },
      mode: { ...MODE, description: 'Of all blocks of this policy.' },
      ...blocksOf(blocks),
    },
  }
}

export function profileSchema(blocks: readonly BlockSchema[]): Schema {
  return {
    type: 'object',
    description: 'Blocks under a name, for the `use` of policies. Every user has state of its own.',
    required: ['name'],
    properties: { ...HEAD, ...blocksOf(blocks) },
  }
}
