/** What our containers ask for, so that they change nothing about how the pod is scheduled and evicted. */
import { compareQuantities } from './quantity.ts'
import type { Container, Pod, Quantities } from './pod.ts'
import { placed } from './pod.ts'
import type { Amount } from './settings.ts'

export interface Resources {
  readonly requests: Quantities
  readonly limits: Quantities
}

/**
 * Guaranteed is a pod each of whose containers has limits of cpu and memory and asks for as much. One container that asks
 * for less would make it Burstable, so ours then ask for all they may take (linkerd2#6786).
 */
export function isGuaranteed(pod: Pod, ours: (name: string) => boolean): boolean {
  const theirs = placed(pod).filter(({ container }) => !ours(container.name))
  return theirs.length > 0 && theirs.every(({ container }) => isWhole(container))
}

function isWhole({ resources: { requests = {}, limits = {} } = {} }: Container): boolean {
  return (['cpu', 'memory'] as const).every((what) => {
    const limit = limits[what]
    return limit !== undefined && compareQuantities(requests[what] ?? limit, limit) === 0
  })
}

export function resourcesOf(cpu: Amount, memory: Amount, guaranteed: boolean): Resources {
  const [cpuAmount, memoryAmount] = guaranteed ? [level(cpu), level(memory)] : [raised(cpu), raised(memory)]
  return {
    requests: stated({ cpu: cpuAmount.request, memory: memoryAmount.request }),
    limits: stated({ cpu: cpuAmount.limit, memory: memoryAmount.limit }),
  }
}

/** A limit that is left out is taken from the request: Guaranteed needs one. */
function level({ request, limit }: Amount): Amount {
  const most = limit === '' ? request : raised({ request, limit }).limit
  return { request: most, limit: most }
}

/** A request that is over the limit raises the limit: the other way the API server would refuse the pod. */
function raised({ request, limit }: Amount): Amount {
  const isOver = request !== '' && limit !== '' && compareQuantities(request, limit) > 0
  return { request, limit: isOver ? request : limit }
}

function stated(quantities: { readonly cpu: string; readonly memory: string }): Quantities {
  return Object.fromEntries(Object.entries(quantities).filter(([, amount]) => amount !== ''))
}
