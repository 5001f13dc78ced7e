/** The block `fallback`: what the client gets instead of a failure. A list; the first entry that applies answers. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { schema } from './schema.ts'

export interface StaticFallback {
  readonly use: 'static'
  readonly when: readonly string[]
  readonly status: number
  readonly contentType: string
  /** `${name}` stands for a path parameter. */
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** `cached` and `service` come with a later version. */
export type FallbackConfig = readonly StaticFallback[]

function create(_config: FallbackConfig, _scope: PolicyScope): PolicyParts {
  return {}
}

export const fallback: PolicyModule<FallbackConfig> = {
  name: 'fallback',
  schema,
  directions: ['inbound', 'outbound'],
  create,
}
