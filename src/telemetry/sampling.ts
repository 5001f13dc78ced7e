/** Whether a request is traced, decided before anything else is done about it. */
import type { Random } from '../core/random.ts'

const WORDS = 0x1_0000_0000

/** What the caller decided. */
export type ParentDecision = 'none' | 'unsampled' | 'sampled'

export class Sampler {
  readonly #parentBased: boolean
  /** Sampled when a random word is below it. */
  readonly #threshold: number
  readonly #random: Random

  /** `ratio` 0…1. */
  constructor(parentBased: boolean, ratio: number, random: Random) {
    this.#parentBased = parentBased
    this.#threshold = ratio * WORDS
    this.#random = random
  }

  decide(parent: ParentDecision): boolean {
    if (this.#parentBased && parent !== 'none') return parent === 'sampled'
    return this.#random.word() < this.#threshold
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** OTEL_TRACES_SAMPLER where it is set, else parent-based with the ratio of the Sidecar document. */
export function compileSampler(environment: Environment, ratio: number, random: Random): Sampler {
  const name = environment.OTEL_TRACES_SAMPLER ?? ''
  const argument = Number(environment.OTEL_TRACES_SAMPLER_ARG ?? '1')
  const stated = argument >= 0 && argument <= 1 ? argument : 1
  switch (name) {
    case 'always_on':
      return new Sampler(false, 1, random)
    case 'always_off':
      return new Sampler(false, 0, random)
    case 'traceidratio':
      return new Sampler(false, stated, random)
    case 'parentbased_always_on':
      return new Sampler(true, 1, random)
    case 'parentbased_always_off':
      return new Sampler(true, 0, random)
    case 'parentbased_traceidratio':
      return new Sampler(true, stated, random)
    default:
      return new Sampler(true, ratio, random)
  }
}
