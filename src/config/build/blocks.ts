/** The blocks that a Policy or a Profile states. */
import type { BlockStatement } from '../model.ts'
import type { BlockSchema } from '../schema/policy.ts'
import { fields, type WalkedDocument } from './document.ts'
import { checkBlock } from './rules.ts'
import type { TlsCheck } from './tls.ts'

export type Mode = BlockStatement['mode']

const MODES: readonly Mode[] = ['enforce', 'shadow', 'disabled']

/** Checks what no schema says about single blocks. */
export function checkBlocks(document: WalkedDocument, blocks: readonly BlockSchema[], tls: TlsCheck | undefined): void {
  for (const { name } of blocks) {
    if (document.states(name)) checkBlock(name, document, tls)
  }
}

/** Of a sound document. `policy` is who meets them; `profile` whose they are, or ''. */
export function statements(
  document: WalkedDocument,
  blocks: readonly BlockSchema[],
  policy: string,
  profile: string,
  mode: Mode,
): BlockStatement[] {
  return blocks
    .filter(({ name }) => document.states(name))
    .map(({ name }) => {
      const { mode: own, config } = split(document.value[name])
      return {
        block: name,
        config,
        mode: lesser(mode, own),
        policy,
        profile,
        place: document.keyPlace(name),
        places: document.placesBelow(name),
      }
    })
}

/** disabled over shadow over enforce. */
function lesser(one: Mode, other: Mode): Mode {
  return MODES.indexOf(one) > MODES.indexOf(other) ? one : other
}

/** `mode` stands in the block, and is none of the policy's business. A list (`fallback`) is handed on as it is. */
function split(value: unknown): { mode: BlockStatement['mode']; config: BlockStatement['config'] } {
  if (Array.isArray(value)) return { mode: 'enforce', config: value as unknown as BlockStatement['config'] }
  const { mode, ...config } = fields(value)
  return { mode: (mode as Mode | undefined) ?? 'enforce', config }
}
