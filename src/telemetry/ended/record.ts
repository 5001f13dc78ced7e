/** What is told of an exchange that ended: to the page, to whoever taps. It holds on to nothing of the exchange itself. */
// cold file: runs for what is not plain, and while somebody listens
import type { AttemptKind, Exchange, Origin } from '../../core/exchange.ts'
import { isServerError } from '../../core/grpc-status.ts'
import type { AttemptRecord } from '../attempt-layer.ts'
import { flat } from '../flat.ts'
import { METHODS, methodIndex } from '../labels.ts'
import { statusName } from '../rpc-status.ts'
import { MOST_ATTEMPTS } from '../sampled.ts'
import type { TraceContext } from '../trace-context.ts'
import type { Direction } from '../sources.ts'
import { type End, tookOf } from './end.ts'
import type { Outcome } from './outcome.ts'
import { isPlain } from './plain.ts'

export interface EndedAttempt {
  readonly kind: AttemptKind
  /** `host:port`. */
  readonly endpoint: string
  /** ms from the start of the exchange to the start of the attempt. */
  readonly at: number
  /** ms. */
  readonly ms: number
  /** 0 where no head came. */
  readonly status: number
  /** Name of the gRPC status; '' where it is none. */
  readonly grpcStatus: string
  /** Why it ended without an answer, or broke; ''. */
  readonly reason: string
  /** Why another attempt followed (`retry: 503`), or none though a policy would have liked one (`none: budget`); ''. */
  readonly whyNext: string
}

export interface EndedExchange {
  /** When its head was complete, ms since 1970. */
  readonly time: number
  readonly direction: Direction
  /** '' where no route was found, as `route`. */
  readonly service: string
  /** The route's pattern. */
  readonly route: string
  /** One of METHODS. */
  readonly method: string
  readonly outcome: Outcome
  /** As sent, or what a request nobody waited for is given in logs (499). */
  readonly status: number
  /** Name of the gRPC status; '' where it is none. */
  readonly grpcStatus: string
  /** Who made the answer; '' where none began. */
  readonly origin: Origin | ''
  /** Of the closed table, or the answer a fallback stood in for (`503`); ''. */
  readonly reason: string
  /** ms from the complete head of the request to the end of the answer. */
  readonly duration: number
  /** How many were made; `attempts` holds the newest 20, oldest first. */
  readonly attemptCount: number
  readonly attempts: readonly EndedAttempt[]
  /** What blocks in shadow mode would have done, `block:decision`. */
  readonly shadow: readonly string[]
  /** These three hold what the client sent, and are '' unless it was asked for: the target without its query, */
  readonly path: string
  /** the reason in words, which may quote the request, */
  readonly cause: string
  /** and the trace id. */
  readonly traceId: string
}

/** Longest texts that are kept whole, in characters. */
const LONGEST = 256

/** `withRequest`: `path`, `cause` and `traceId` are told. */
export function recordOf(end: End, withRequest: boolean): EndedExchange {
  const { request, rows, status, rpcStatus, origin, reason } = end
  const { exchange } = request
  const attempts = attemptsOf(exchange, end.now)
  return {
    time: exchange.wallTime,
    direction: exchange.direction,
    service: rows.service,
    route: rows.template,
    method: METHODS[methodIndex(request.method)] as string,
    outcome: outcomeOf(end, attempts),
    status,
    grpcStatus: statusName(rpcStatus),
    origin,
    reason,
    duration: rounded(tookOf(end)),
    attemptCount: exchange.attempts,
    attempts,
    shadow: exchange.shadowed === '' ? [] : exchange.shadowed.split(' '),
    path: withRequest ? kept(pathOf(request.target)) : '',
    cause: withRequest ? kept(exchange.cause) : '',
    traceId: withRequest ? kept((exchange.trace as TraceContext).traceId) : '',
  }
}

function outcomeOf(
  { request: { exchange }, status, rpcStatus, origin, reason }: End,
  attempts: readonly EndedAttempt[],
): Outcome {
  if (isPlain(exchange, status, rpcStatus, reason)) return 'plain'
  if (reason === 'client_cancelled') return 'cancelled'
  if (origin === 'fallback') return 'fallback'
  if (origin === 'proxy' && exchange.attempts === 0) return 'refused'
  if (reason !== '' || status >= 500 || isServerError(rpcStatus)) return 'failed'
  if (exchange.attempts > 1) return attempts.some(({ kind }) => kind === 'hedge') ? 'hedged' : 'retried'
  return 'shadow'
}

function attemptsOf(exchange: Exchange, now: number): EndedAttempt[] {
  const told: EndedAttempt[] = []
  let record = exchange.attemptLog as AttemptRecord | undefined
  for (; record !== undefined && told.length < MOST_ATTEMPTS; record = record.previous) {
    const { attempt, startedAt, endedAt, status, rpcStatus, reason, whyNext } = record
    told.push({
      kind: attempt.kind,
      endpoint: attempt.endpoint?.address ?? '',
      at: rounded(startedAt - exchange.startedAt),
      // One that goes on without its client (idempotency) is told as far as it came.
      ms: rounded((endedAt === 0 ? now : endedAt) - startedAt),
      status,
      grpcStatus: statusName(rpcStatus),
      reason,
      whyNext,
    })
  }
  return told.reverse()
}

function rounded(ms: number): number {
  return Math.round(Math.max(0, ms) * 1000) / 1000
}

/** A query is where clients put what nobody else should read. */
function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? target : target.slice(0, mark)
}

/** A copy: a piece cut out of a request's head would keep the whole head. */
function kept(text: string): string {
  return flat(text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text)
}
