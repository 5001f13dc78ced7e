/** W001, W002: attempts against the time of the whole request. */
import { formatDuration } from '../values/units.ts'
import { type Blocks, number, placeOf, type Warning } from './check.ts'

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
