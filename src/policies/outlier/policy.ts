/** The block `outlier`: sets one bad endpoint aside, and asks it carefully whether it is well again. */
import type { Rules } from '../../core/attempt-outcome.ts'
import { OutcomeSet } from '../../core/outcome.ts'
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { FAILURES } from './decide.ts'
import { OutlierTest } from './eligible.ts'
import { outlierLayer } from './layer.ts'
import { type OutlierConfig, Outliers } from './outliers.ts'
import { schema } from './schema.ts'

const RULES: Rules = {
  failures: new OutcomeSet(FAILURES),
  timeouts: true,
  slowAfter: Number.POSITIVE_INFINITY,
}

function create(config: OutlierConfig, scope: PolicyScope): PolicyParts {
  const { service, clock, random, events, mode } = scope
  const outliers = scope.state('outliers', service, () => new Outliers(service, config, clock, random, events))
  outliers.mode = mode
  return { eligible: new OutlierTest(outliers), picked: outlierLayer(outliers, { rules: RULES, clock }, events) }
}

export const outlier: PolicyModule<OutlierConfig> = {
  name: 'outlier',
  schema,
  directions: ['outbound'],
  shadow: true,
  create,
}
