/** Which retries stand above and below a route, as far as the files tell. */
import type { BlockStatement, Config, PolicyDocument } from '../../config/model.ts'
import type { Destination } from '../../routing/rule.ts'
import { ALONE, type Around, type Others } from './facts/nested.ts'
import { at } from './values.ts'

export function aroundOf(config: Config, { direction, service, workload }: Destination): Around {
  if (direction === 'inbound') return ALONE
  const peer = config.services.find(({ name }) => name === service)
  const above = inboundRetry(config, ({ workload: names }) => names.length === 0 || names.includes(workload))
  if (peer?.sidecar !== true) return { above, below: undefined }
  // One folder may serve many sidecars: policies with its name are the peer's.
  const below = inboundRetry(config, ({ workload: names }) => names.includes(service))
  return { above, below: below ?? { attempts: undefined, whose: `the sidecar of ${service}` } }
}

/** The inbound policy with the most retries; more specific ones may have fewer, so it is a bound. */
function inboundRetry(config: Config, concerns: (policy: PolicyDocument) => boolean): Others | undefined {
  let most: BlockStatement | undefined
  for (const policy of config.policies) {
    if (policy.direction !== 'inbound' || !concerns(policy)) continue
    const stated = policy.blocks.find(({ block, mode }) => block === 'retry' && mode === 'enforce')
    if (stated !== undefined && maxOf(stated) > maxOf(most)) most = stated
  }
  if (most === undefined) return undefined
  return { attempts: maxOf(most) + 1, whose: `inbound policy ${most.policy} at ${at(most.place)}` }
}

function maxOf(stated: BlockStatement | undefined): number {
  const max = stated?.config.max
  return typeof max === 'number' ? max : 0
}
