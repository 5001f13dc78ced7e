/** The arithmetic of time limits: when to look, what has run out, whose doing it was. All times in ms. */
import type { Reason, Source } from '../../core/errors.ts'
import type { Attempt } from '../../core/exchange.ts'
import { inTime } from '../../core/grpc-timeout.ts'

/** A block ready for use: Infinity where nothing bounds. */
export interface Limits {
  readonly perTry: number
  readonly connect: number
  /** Of plain HTTP. */
  readonly idle: number
  /** Of streams, upgrades and tunnels. */
  readonly streamIdle: number
  readonly maxStream: number
  /** What the policy itself grants an attempt, min(perTry, request), whatever a caller's deadline leaves of it. */
  readonly granted: number
}

const IDLE = 5 * 60_000
const STREAM_IDLE = 60 * 60_000

/** What of a block concerns time; undefined: left out. */
export interface Stated {
  readonly request: number | undefined
  readonly perTry: number | undefined
  readonly idle: number | undefined
  readonly connect: number
  readonly maxStream: number | undefined
}

export function limitsOf(stated: Stated): Limits {
  const perTry = stated.perTry ?? Number.POSITIVE_INFINITY
  return {
    perTry,
    connect: stated.connect,
    idle: stated.idle ?? IDLE,
    streamIdle: stated.idle ?? STREAM_IDLE,
    maxStream: stated.maxStream ?? Number.POSITIVE_INFINITY,
    granted: Math.min(perTry, stated.request ?? Number.POSITIVE_INFINITY),
  }
}

/** In shadow mode a limit that nobody states is not watched: the one that is enforced stands beside it. */
export function shadowLimitsOf(stated: Stated): Limits {
  const idle = stated.idle ?? Number.POSITIVE_INFINITY
  // cold: runs once per route
  return { ...limitsOf(stated), idle, streamIdle: idle }
}

/**
 * Silence is looked for eight times per idle limit: data only sets a flag, and no clock is read for it. So silence is
 * noticed between the limit and an eighth later, never early.
 */
const LOOKS = 8

/** How long until the first look at an exchange that has `left` until its deadline; Infinity: there is nothing to see. */
export function firstLook(limits: Limits, left: number): number {
  return Math.min(left, limits.idle / LOOKS, limits.maxStream)
}

/** What stands at a look; `quietSince` is never earlier than the last sign of life. */
export interface Look {
  readonly now: number
  readonly deadline: number
  readonly quietSince: number
  readonly idle: number
  /** When a stream has lived long enough; Infinity of anything else. */
  readonly streamEnd: number
}

export function runOut(look: Look): Reason | undefined {
  if (look.now >= look.deadline) return 'request_timeout'
  if (look.now >= look.streamEnd) return 'max_stream_duration'
  if (look.now - look.quietSince >= look.idle) return 'stream_idle_timeout'
  return undefined
}

/** How long until the next look. */
export function nextLook(look: Look): number {
  const quiet = Math.min(look.quietSince + look.idle, look.now + look.idle / LOOKS)
  return Math.min(look.deadline, look.streamEnd, quiet) - look.now
}

/** The error code with which an HTTP/2 server gives up a call (RFC 9113 §7). */
const CANCEL = 8

/** Whether the upstream ended a call because that deadline was over. */
export function cancelledInTime(resetCode: number, now: number, deadline: number): boolean {
  return resetCode === CANCEL && inTime(now, deadline)
}

/** How the exchange stands between its two ends when time runs out. */
export interface Standing {
  /** The client has sent its whole body. */
  readonly sent: boolean
  /** The upstream asked the client to wait. */
  readonly requestPaused: boolean
  /** The client does not read. */
  readonly responsePaused: boolean
}

/** Whose doing it was: a client that does not read, or does not go on sending, is no fault of the upstream. */
export function blame(reason: Reason, standing: Standing): Source {
  if (standing.responsePaused) return 'downstream'
  if (reason === 'max_stream_duration') return 'proxy'
  if (reason === 'stream_idle_timeout' && !standing.sent && !standing.requestPaused) return 'downstream'
  return 'upstream'
}

/**
 * How long an attempt may take from sent to head. The last of at least one retry runs to the deadline where there is one:
 * nobody waits for another decision, and a slow success beats a quick 504.
 */
export function perTryOf(limits: Limits, attempt: Attempt, deadline: number): number {
  const toDeadline = attempt.last && attempt.kind === 'retry' && deadline !== Number.POSITIVE_INFINITY
  return toDeadline ? Number.POSITIVE_INFINITY : limits.perTry
}
