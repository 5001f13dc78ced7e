/** W001, W002, W016, W017: attempts against the time that they are given. */
import type { BlockStatement, PolicyDocument } from '../model.ts'
import { formatDuration } from '../values/units.ts'
import { type Blocks, type Check, number, placeOf, type Warning } from './check.ts'

/** `perTry × (max + 1) + backoff > request`: the last attempts that `max` promises are never made. */
export function attemptsDoNotFit(blocks: Blocks): Warning[] {
  const retry = blocks.get('retry')
  const request = number(blocks, 'timeout', 'request')
  const perTry = number(blocks, 'timeout', 'perTry')
  const max = number(blocks, 'retry', 'max')
  if (retry === undefined || request === undefined || perTry === undefined || max === undefined || max === 0) return []
  const pauses = longestPauses(blocks, max)
  const needed = perTry * (max + 1) + pauses
  if (needed <= request) return []
  const sum = `${formatDuration(perTry)} x ${max + 1} + ${formatDuration(pauses)} backoff = ${formatDuration(needed)}`
  const message = `the attempts should fit into timeout.request (${formatDuration(request)}), found ${sum}: ${fitting(request, perTry, blocks)}`
  return [{ code: 'W001', place: placeOf(retry, 'max'), message }]
}

/** The longest backoff before each retry, together, ms: `min(max, (2^n − 1) × base)`, as the retry policy waits. */
function longestPauses(blocks: Blocks, retries: number): number {
  const base = number(blocks, 'retry', 'backoff.base') ?? 0
  const most = number(blocks, 'retry', 'backoff.max') ?? 0
  let sum = 0
  for (let n = 1; n <= retries; n++) sum += Math.min(most, (2 ** n - 1) * base)
  return sum
}

function fitting(request: number, perTry: number, blocks: Blocks): string {
  let retries = 0
  while (retries < 10 && perTry * (retries + 2) + longestPauses(blocks, retries + 1) <= request) retries++
  return retries === 0 ? 'lower perTry' : `lower perTry, or max to ${retries}`
}

/** `perTry ≥ request`: it never ends anything (above `request` it is an error). */
export function perTryIsRequest(blocks: Blocks): Warning[] {
  const timeout = blocks.get('timeout')
  const request = number(blocks, 'timeout', 'request')
  const perTry = number(blocks, 'timeout', 'perTry')
  if (timeout === undefined || request === undefined || perTry === undefined || perTry < request) return []
  const message = `timeout.perTry should be shorter than timeout.request (${formatDuration(request)}), found ${formatDuration(perTry)}: it never ends anything`
  return [{ code: 'W002', place: placeOf(timeout, 'perTry'), message }]
}

/**
 * `perTry` beside retries that are switched off. Only where the policy says so itself: alone, `perTry` is the way to bound
 * the head of an answer whose body may take its time.
 */
export function perTryOfOneAttempt(blocks: Blocks, policy: PolicyDocument): Warning[] {
  const timeout = blocks.get('timeout')
  const perTry = number(blocks, 'timeout', 'perTry')
  if (timeout === undefined || perTry === undefined || blocks.has('hedge')) return []
  const stated = policy.blocks.find(({ block }) => block === 'retry')
  const none = stated?.mode === 'disabled' || number(blocks, 'retry', 'max') === 0
  if (!none) return []
  const message =
    `timeout.perTry (${formatDuration(perTry)}) should stand beside retries, and retry of policy ${policy.name} makes none: ` +
    'it ends the only attempt; write timeout.request to bound the request, or retry.max'
  return [{ code: 'W016', place: placeOf(timeout, 'perTry'), message }]
}

/** Retries, and nothing that ends an attempt which hangs: none of them is ever made then. */
export function retriesWithoutLimit(blocks: Blocks): Warning[] {
  const retry = blocks.get('retry')
  const max = number(blocks, 'retry', 'max')
  const timeout = blocks.get('timeout')
  if (retry === undefined || max === undefined || max === 0 || (timeout !== undefined && hasLimit(timeout))) return []
  const message =
    `retry.max (${max}) should stand beside timeout.perTry or timeout.request, found neither: an attempt that hangs is ` +
    'not given up before its caller leaves, and no other is made'
  return [{ code: 'W017', place: placeOf(retry, 'max'), message }]
}

/** The same of one policy. Its timeout may be another's of `policies`, all there are, unless it states one itself. */
export function retriesWithoutTime(policies: readonly PolicyDocument[]): Check {
  return (blocks, policy) => {
    const found = retriesWithoutLimit(blocks)
    const own = policy.blocks.some(({ block }) => block === 'timeout')
    return found.length > 0 && !own && policies.some((other) => bounds(other, policy)) ? [] : found
  }
}

/** Whether some request may meet both, and takes a limit from the other. */
function bounds(other: PolicyDocument, { direction, service, port }: PolicyDocument): boolean {
  if (other.direction !== direction) return false
  if (other.service !== service && other.service !== '*' && service !== '*') return false
  if (other.port !== port && other.port !== undefined && port !== undefined) return false
  return other.blocks.some((block) => block.block === 'timeout' && hasLimit(block))
}

function hasLimit({ mode, config }: BlockStatement): boolean {
  return mode !== 'disabled' && (config.request !== undefined || config.perTry !== undefined)
}
