/** What of the policies for a destination holds for bytes: its times, and whether there is more that cannot hold. */
import type { BlockStatement, PolicyDocument } from '../../config/model.ts'
import { resolve } from '../../routing/resolve.ts'
import { type Destination, rulesFor } from '../../routing/rule.ts'

export interface OpaqueRules {
  /** ms. */
  readonly connectTimeout: number
  /** ms. */
  readonly idleTimeout: number
  /** A block is in force for this destination that nobody can apply to bytes. */
  readonly guarded: boolean
}

/** As for streams and tunnels (policy-files.md, `timeout`). */
const CONNECT = 1000
const IDLE = 3_600_000

export const STRANGERS_RULES: OpaqueRules = { connectTimeout: CONNECT, idleTimeout: IDLE, guarded: false }

export function opaqueRules(policies: readonly PolicyDocument[], to: Destination): OpaqueRules {
  const rules = rulesFor<BlockStatement>(policies, to)
  const everywhere = rules.filter(({ test }) => test === undefined)
  const stated = resolve<BlockStatement>(everywhere).blocks.get('timeout')?.stated
  const times = stated?.mode === 'enforce' ? stated.config : {}
  return {
    connectTimeout: (times['connect'] as number | undefined) ?? CONNECT,
    idleTimeout: (times['idle'] as number | undefined) ?? IDLE,
    guarded: rules.some(({ policy }) =>
      policy.blocks.some(({ block, mode }) => mode === 'enforce' && block !== 'timeout'),
    ),
  }
}
