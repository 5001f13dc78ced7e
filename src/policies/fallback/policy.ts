/** The block `fallback`: what the client gets instead of a failure. A list; the first entry that applies answers. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { When } from './decide.ts'
import { fallbackLayer } from './layer.ts'
import { PathParameters } from './path-parameters.ts'
import { schema } from './schema.ts'
import { StaticAnswer } from './static-answer.ts'

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

function create(config: FallbackConfig, scope: PolicyScope): PolicyParts {
  const parameters = new PathParameters(scope.policy.routes)
  const entries = config.map((entry) => ({
    when: new When(entry.when),
    answer: new StaticAnswer(entry, parameters),
  }))
  return { request: fallbackLayer(entries, scope.events) }
}

export const fallback: PolicyModule<FallbackConfig> = {
  name: 'fallback',
  schema,
  directions: ['inbound', 'outbound'],
  create,
}
