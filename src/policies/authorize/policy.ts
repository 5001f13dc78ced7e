/** The block `authorize`: a list of who may call what; the rest is refused. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { type Allowed, AllowList } from './decide.ts'
import { authorizeLayer } from './layer.ts'
import { schema } from './schema.ts'

export interface AuthorizeConfig {
  readonly allow: readonly Allowed[]
}

function create(config: AuthorizeConfig, { policy, events, mode }: PolicyScope): PolicyParts {
  return { request: authorizeLayer({ allowed: new AllowList(config.allow), policy: policy.name, events, mode }) }
}

export const authorize: PolicyModule<AuthorizeConfig> = {
  name: 'authorize',
  schema,
  directions: ['inbound'],
  shadow: true,
  create,
}
