/** Who may. */
import type { AuthorizeConfig } from '../../../policies/authorize/policy.ts'
import type { Fact } from '../report.ts'
import type { FactSource } from './source.ts'

export const authorize: FactSource<AuthorizeConfig> = {
  facts: (config) => (config === undefined ? [] : [allowed(config)]),
}

function allowed({ allow }: AuthorizeConfig): Fact {
  const entries = allow.map(({ source, methods, paths }) => {
    const who = source === undefined ? 'everybody' : source.join(', ')
    return `${who}: ${methods?.join(',') ?? 'every method'} ${paths?.join(', ') ?? 'of every path'}`
  })
  const text =
    entries.length === 0
      ? 'nobody may: 403 denied.'
      : `${entries.join('; ')}. Others get 403 denied, or 401 unauthorized where it is for sources and who asks is none. ` +
        'A path that can be read in two ways gets 400.'
  return { name: 'authorize', value: entries.length, text }
}
