/**
 * The order of policies, written once. Outermost first; each line says why it stands where it stands. What no policy file
 * states, and what has no default, is not in a stack at all.
 */
import type { PolicyModule, PolicyParts } from '../core/policy.ts'
import { authorize } from './authorize/policy.ts'
import { breaker } from './breaker/policy.ts'
import { bulkhead } from './bulkhead/policy.ts'
import { concurrency } from './concurrency/policy.ts'
import { fallback } from './fallback/policy.ts'
import { fault } from './fault/policy.ts'
import { idempotency } from './idempotency/policy.ts'
import { outlier } from './outlier/policy.ts'
import { hedge } from './hedge/policy.ts'
import { rateLimit } from './rate-limit/policy.ts'
import { retry } from './retry/policy.ts'
import { timeout } from './timeout/policy.ts'

export const MODULES = {
  fault,
  authorize,
  rateLimit,
  idempotency,
  fallback,
  timeout,
  concurrency,
  bulkhead,
  hedge,
  retry,
  breaker,
  outlier,
} as const

export type PolicyName = keyof typeof MODULES

/** Every block a file may state, for the loader. */
export const BLOCKS: readonly PolicyModule<never>[] = Object.values(MODULES) as unknown as PolicyModule<never>[]

/** In every stack, with their defaults, also when nobody states them; `mode: disabled` takes them away. */
export const ALWAYS: readonly PolicyName[] = ['timeout', 'retry']

export interface Place {
  readonly policy: PolicyName
  readonly part: keyof PolicyParts
  readonly why: string
}

/** Around the whole request. */
export const REQUEST_ORDER: readonly Place[] = [
  { policy: 'fault', part: 'request', why: 'at: request is outermost: the client meets it, and no other block does' },
  { policy: 'authorize', part: 'request', why: 'who may not ask at all takes nothing from those who may' },
  {
    policy: 'rateLimit',
    part: 'request',
    why: 'inbound: what is too much is turned away before anything is done for it',
  },
  { policy: 'idempotency', part: 'request', why: 'above the fallback: what a fallback says is no answer to be kept' },
  { policy: 'fallback', part: 'request', why: 'around all that may fail: it covers refusals and the deadline too' },
  { policy: 'timeout', part: 'request', why: 'the deadline covers queueing, all attempts and the waits between them' },
  {
    policy: 'concurrency',
    part: 'request',
    why: "inbound: sees the deadline's cuts, and what a bulkhead makes wait is waiting, too",
  },
  { policy: 'bulkhead', part: 'request', why: 'one slot per request: a retry is never refused by its own bulkhead' },
  {
    policy: 'hedge',
    part: 'request',
    why: 'in the place of retry: of that only the transparent retry is left, and each attempt has its own',
  },
  { policy: 'retry', part: 'request', why: 'below the slot and the deadline, above all that one attempt meets' },
]

/** Around each attempt, above the pick of an endpoint. */
export const ATTEMPT_ORDER: readonly Place[] = [
  { policy: 'breaker', part: 'attempt', why: 'sees every attempt: retries feed it, and once open it ends their loop' },
]

/** Around each attempt, below the pick: an endpoint is known. */
export const PICKED_ORDER: readonly Place[] = [
  { policy: 'breaker', part: 'picked', why: 'the recorder of endpoint breakers: counts what the picked endpoint did' },
  { policy: 'bulkhead', part: 'picked', why: "an endpoint's slot is taken once the endpoint is known" },
  {
    policy: 'outlier',
    part: 'picked',
    why: 'counts what the endpoint did, not what is refused above nor made up below',
  },
  {
    policy: 'rateLimit',
    part: 'picked',
    why: 'outbound: each attempt costs, and no endpoint is blamed for our refusal',
  },
  { policy: 'timeout', part: 'picked', why: 'perTry runs over the connection and the answer, not over the pick' },
  {
    policy: 'fault',
    part: 'picked',
    why: 'where a real failure would be: perTry cuts a delay short, retries and breaker see it',
  },
  {
    policy: 'idempotency',
    part: 'picked',
    why: 'innermost: counts the attempts that may have reached the application',
  },
]
