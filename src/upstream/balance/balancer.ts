/** How one endpoint is picked of several. */
import type { Random } from '../../core/random.ts'
import type { Endpoint } from '../endpoint.ts'
import { LeastRequest } from './least-request.ts'
import { RandomChoice } from './random-choice.ts'
import { RoundRobin } from './round-robin.ts'

export interface Balancer {
  /** `candidates` is not empty, and holds only endpoints that may be used now. */
  pick(candidates: readonly Endpoint[]): Endpoint
}

export function createBalancer(algorithm: 'roundRobin' | 'leastRequest' | 'random', random: Random): Balancer {
  if (algorithm === 'roundRobin') return new RoundRobin()
  return algorithm === 'random' ? new RandomChoice(random) : new LeastRequest(random)
}
