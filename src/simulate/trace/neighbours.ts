/**
 * What an upstream would have done with an attempt that the trace does not know, such as one that was refused last night:
 * what it did at that time with others. One of the nearest, by dice.
 */
import type { Random } from '../../core/random.ts'
import type { Entry, Seen } from './entry.ts'

interface Known {
  /** ms, as of `Entry.time`. */
  readonly at: number
  readonly seen: Seen
}

/** To each side; enough for a share of failures to show, few enough to end with the outage. */
const REACH = 8

export class Neighbours {
  /** By service, in order of time. */
  readonly #known = new Map<string, Known[]>()
  /** By service and endpoint. */
  readonly #byEndpoint = new Map<string, Known[]>()

  constructor(entries: readonly Entry[]) {
    for (const { time, service, attempts } of entries) {
      let at = time
      for (const seen of attempts) {
        push(this.#known, service, { at, seen })
        if (seen.endpoint !== '') push(this.#byEndpoint, `${service} ${seen.endpoint}`, { at, seen })
        at += seen.ms
      }
    }
    // Second attempts came later than the first attempts of the requests behind them.
    for (const list of [...this.#known.values(), ...this.#byEndpoint.values()]) list.sort((a, b) => a.at - b.at)
  }

  /** The trace tells of this endpoint. */
  knows(service: string, endpoint: string): boolean {
    return this.#byEndpoint.has(`${service} ${endpoint}`)
  }

  /** undefined: the trace knows nothing of the service. */
  pick(service: string, endpoint: string, at: number, dice: Random): Seen | undefined {
    const list = this.#byEndpoint.get(`${service} ${endpoint}`) ?? this.#known.get(service)
    if (list === undefined) return undefined
    const middle = lowerBound(list, at)
    const first = Math.max(0, middle - REACH)
    const last = Math.min(list.length, middle + REACH)
    return list[first + Math.floor(dice.fraction() * (last - first))]?.seen
  }
}

function push(map: Map<string, Known[]>, key: string, known: Known): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [known])
  else list.push(known)
}

/** The first that is not before `at`. */
function lowerBound(list: readonly Known[], at: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle] as Known).at < at) low = middle + 1
    else high = middle
  }
  return low
}
