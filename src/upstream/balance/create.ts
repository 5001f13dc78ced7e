/** The balancer that a Service asks for. */
import type { Random } from '../../core/random.ts'
import type { Balancer } from './balancer.ts'
import { Ewma } from './ewma.ts'
import { Hash } from './hash.ts'
import { LeastRequest } from './least-request.ts'
import { RandomChoice } from './random-choice.ts'
import { RoundRobin } from './round-robin.ts'

/** `loadBalancing` of a Service. */
export interface Balancing {
  readonly algorithm: 'ewma' | 'leastRequest' | 'roundRobin' | 'random' | 'hash'
  /** The header whose value is hashed, in lower case; '' for every other algorithm. */
  readonly hashOn: string
}

export function createBalancer({ algorithm, hashOn }: Balancing, random: Random): Balancer {
  switch (algorithm) {
    case 'ewma':
      return new Ewma(random)
    case 'leastRequest':
      return new LeastRequest(random)
    case 'roundRobin':
      return new RoundRobin()
    case 'random':
      return new RandomChoice(random)
    case 'hash':
      return new Hash(hashOn, new LeastRequest(random))
  }
}
