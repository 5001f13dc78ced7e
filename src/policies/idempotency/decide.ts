/** Whom the policy concerns, what becomes of a key when its request has ended, and how long a duplicate waits. */
import type { RequestHead, ResponseHead } from '../../core/exchange.ts'
import { NO_STATUS, statusOfHead, statusOfTrailers } from '../../core/grpc-status.ts'
import type { Headers } from '../../core/headers.ts'

/**
 * Writes that HTTP does not call idempotent by themselves (RFC 9110 §9.2.2, RFC 5789): POST, and so every gRPC call, and
 * PATCH. A stream or a tunnel has no answer that could be kept.
 */
export function concerns(request: RequestHead): boolean {
  const { method } = request
  return (method === 'POST' || method === 'PATCH') && !request.isTunnel && request.exchange.route?.stream !== true
}

/** `done`: the answer is kept. `free`: the key is as if it had never been used. `unknown`: nobody can say. */
export type Fate = 'done' | 'free' | 'unknown'

/** How a request that held a key has ended. */
export interface Ending {
  /** Undefined: it ended without an answer. */
  readonly head: ResponseHead | undefined
  readonly trailers: Headers | undefined
  readonly grpc: boolean
  /** Attempts that may have reached the application. */
  readonly reached: number
  /** Both bodies are whole and within `maxBodyBytes`. */
  readonly complete: boolean
}

/**
 * Free only where the request was provably not carried out: nothing of it left, or the one attempt that did was answered
 * with a refusal. Kept only if it is the upstream's own word and final.
 */
export function fateOf({ head, trailers, grpc, reached, complete }: Ending): Fate {
  if (reached === 0) return 'free'
  if (head === undefined || head.origin !== 'upstream') return 'unknown'
  const verdict = grpc ? ofCall(head, trailers) : ofStatus(head.status)
  // An attempt before this one may have been carried out without anybody hearing of it.
  if (verdict === 'free' && reached > 1) return 'unknown'
  return verdict === 'done' && !complete ? 'unknown' : verdict
}

/**
 * Answers which say that the request was turned away before anything was done, and may pass next time: who asks is not known
 * or may not (401, 403, 407), it did not come whole (408), to the wrong place (421), too early (425), too often (429).
 */
const TURNED_AWAY = [401, 403, 407, 408, 421, 425, 429]

function ofStatus(status: number): Fate {
  if (TURNED_AWAY.includes(status)) return 'free'
  return status >= 500 ? 'unknown' : 'done'
}

/** By gRPC status code. What is not named is final, OK among it. */
const CALLS_TURNED_AWAY = [7, 8, 12, 16]
/** CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, DATA_LOSS: as a 5xx, they do not say what was done. */
const CALLS_UNKNOWN = [1, 2, 4, 13, 14, 15]

function ofCall(head: ResponseHead, trailers: Headers | undefined): Fate {
  const said = statusOfHead(head)
  const code = said === NO_STATUS ? statusOfTrailers(trailers) : said
  if (CALLS_TURNED_AWAY.includes(code)) return 'free'
  return CALLS_UNKNOWN.includes(code) ? 'unknown' : 'done'
}

/** ms, where no deadline says how long a client waits. */
export const LONGEST_WAIT = 30_000

/** ms a duplicate may wait for the request it repeats. */
export function waitBound(now: number, deadline: number): number {
  return Math.max(0, Math.min(LONGEST_WAIT, deadline - now))
}

/** ms: what `timeout.idle` is by default. */
const LONGEST_SILENCE = 300_000

/** ms in which a duplicate whose answer is known has to send more of its body. */
export function silenceBound(now: number, deadline: number): number {
  return Math.max(0, Math.min(LONGEST_SILENCE, deadline - now))
}

/** ms, where no deadline bounds what goes on after its client has left. */
const LONGEST_ALONE = 300_000

/** ms that a request whose client has left may go on, so that the next one finds its answer. */
export function aloneBound(now: number, deadline: number): number {
  return Math.max(0, Math.min(LONGEST_ALONE, deadline - now))
}
