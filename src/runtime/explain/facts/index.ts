/**
 * What the blocks of a route come to: each policy's own facts, and the worst case of all together. A new policy has a file
 * here and a line in FACTS, in the order in which they are read out.
 */
import type { PolicyName } from '../../../policies/index.ts'
import type { Fact } from '../report.ts'
import { authorize } from './authorize.ts'
import { breaker } from './breaker.ts'
import { bulkhead } from './bulkhead.ts'
import { concurrency } from './concurrency.ts'
import { fallback } from './fallback.ts'
import { fault } from './fault.ts'
import { idempotency } from './idempotency.ts'
import { hedge } from './hedge.ts'
import { latency } from './latency.ts'
import { nested } from './nested.ts'
import { rateLimit } from './rate-limit.ts'
import { outlier } from './outlier.ts'
import { retry } from './retry.ts'
import type { AtWork, ConfigOf, FactSource, Subject, Wait } from './source.ts'
import { timeout } from './timeout.ts'

const FACTS: { readonly [N in PolicyName]: FactSource<ConfigOf<N>> } = {
  retry,
  hedge,
  timeout,
  concurrency,
  bulkhead,
  breaker,
  outlier,
  fallback,
  authorize,
  rateLimit,
  fault,
  idempotency,
}

const NAMES = Object.keys(FACTS) as PolicyName[]

/** `shadowed` are the blocks in shadow mode: what they would come to is told too, and marked. */
export function factsOf(subject: Subject, shadowed: AtWork): Fact[] {
  const { blocks } = subject
  const enforced = NAMES.flatMap((name) => sourceOf(name).facts(blocks[name], subject))
  // Attempts come first, for the worst case and all that follows is read against them.
  const [first, ...others] = enforced
  const told = first === undefined ? [] : [first]
  return [...told, latency(subject, waitsOf(subject)), ...others, ...nested(subject), ...watched(subject, shadowed)]
}

/** The facts of what only watches. */
function watched(subject: Subject, shadowed: AtWork): Fact[] {
  const asIf: Subject = { ...subject, blocks: { ...subject.blocks, ...shadowed } }
  return NAMES.filter((name) => shadowed[name] !== undefined)
    .flatMap((name) => {
      const facts = sourceOf(name).facts(shadowed[name], asIf)
      return name === 'timeout' ? [latency(asIf, waitsOf(asIf)), ...facts] : facts
    })
    .map((fact) => ({ ...fact, mode: 'shadow' as const }))
}

function waitsOf(subject: Subject): Wait[] {
  return NAMES.flatMap((name) => {
    const config = subject.blocks[name]
    return config === undefined ? [] : (sourceOf(name).wait?.(config, subject) ?? [])
  })
}

/** The table's lines have a type each; whoever goes through all of them hands each its own block. */
export function sourceOf(name: PolicyName): FactSource<unknown> {
  return FACTS[name] as FactSource<unknown>
}
