/** Which retries stand above and below a route, as far as the files tell. */
import type { BlockStatement, Config, PolicyDocument } from '../../config/model.ts'
import type { Destination } from '../../routing/rule.ts'
import type { Around, Others } from './facts/source.ts'
import { at } from './values.ts'

export function aroundOf(config: Config, { direction, service, workload }: Destination): Around {
  if (direction === 'inbound') {
    // One folder may serve many sidecars: outbound policies for our name are our callers'.
    const callers = mostRetries(config, (policy) => policy.direction === 'outbound' && policy.service === workload)
    return { above: callers ?? { attempts: undefined, whose: 'a caller' }, below: undefined }
  }
  const above = mostRetries(config, (policy) => isInbound(policy) && isFor(policy, workload))
  const peer = config.services.find(({ name }) => name === service)
  if (peer?.sidecar !== true) return { above, below: undefined }
  const below = mostRetries(config, (policy) => isInbound(policy) && policy.workload.includes(service))
  return { above, below: below ?? { attempts: undefined, whose: `the sidecar of ${service}` } }
}

function isInbound({ direction }: PolicyDocument): boolean {
  return direction === 'inbound'
}

function isFor({ workload }: PolicyDocument, name: string): boolean {
  return workload.length === 0 || workload.includes(name)
}

/** The policy with the most retries; a more specific one may have fewer, so it is a bound. */
function mostRetries(config: Config, concerns: (policy: PolicyDocument) => boolean): Others | undefined {
  let most: BlockStatement | undefined
  for (const policy of config.policies.filter(concerns)) {
    const stated = policy.blocks.find(({ block, mode }) => block === 'retry' && mode === 'enforce')
    if (stated !== undefined && maxOf(stated) > maxOf(most)) most = stated
  }
  if (most === undefined) return undefined
  return { attempts: maxOf(most) + 1, whose: `policy ${most.policy} at ${at(most.place)}` }
}

function maxOf(stated: BlockStatement | undefined): number {
  const max = stated?.config.max
  return typeof max === 'number' ? max : 0
}
