/** Which entry of the list answers, and for what. */
import { type ProxyError, REASONS } from '../../core/errors.ts'
import type { Exchange, RequestHead, ResponseHead } from '../../core/exchange.ts'
import { GRPC_STATUS, isServerError, NO_STATUS, statusOfHead } from '../../core/grpc-status.ts'
import { OutcomeSet } from '../../core/outcome.ts'
import { isIdempotent } from '../../core/repeatable.ts'

/** The tokens of one `when`. */
export class When {
  readonly #stated: OutcomeSet
  readonly #any: OutcomeSet | undefined

  constructor(tokens: readonly string[]) {
    this.#stated = new OutcomeSet(tokens.filter((token) => token !== 'any'))
    this.#any = tokens.includes('any') ? new OutcomeSet(['any']) : undefined
  }

  /**
   * What the client did is never answered for. `any` leaves out in addition what is an answer to the client and no failure
   * of what is below: every reason that makes a 4xx.
   */
  coversError(error: ProxyError, grpc: boolean): boolean {
    if (error.source === 'downstream' || error.reason === 'client_cancelled') return false
    if (this.#stated.hasError(error, grpc)) return true
    return this.#any?.hasError(error, grpc) === true && REASONS[error.reason].status >= 500
  }

  /** Of an upstream's answers, and of one that is injected in the place of such; no other of our own kind is replaced. */
  coversHead(head: ResponseHead, grpc: boolean): boolean {
    if (head.origin !== 'upstream' && head.reason !== 'fault_injected') return false
    if (this.#stated.hasHead(head, grpc)) return true
    return this.#any !== undefined && (this.#any.hasHead(head, grpc) || (grpc && isFailedCall(head)))
  }
}

/** What a status above 499 is in HTTP. Of a call that is answered by HTTP alone its status counts: a 404 is no failure. */
function isFailedCall(head: ResponseHead): boolean {
  return head.status === 200 && isServerError(statusOfHead(head))
}

/** The next that covers it, from place `from` on; -1: none. */
export function nextForError(
  entries: readonly { readonly when: When }[],
  from: number,
  error: ProxyError,
  grpc: boolean,
): number {
  for (let i = from; i < entries.length; i++) if ((entries[i] as { when: When }).when.coversError(error, grpc)) return i
  return -1
}

export function nextForHead(
  entries: readonly { readonly when: When }[],
  from: number,
  head: ResponseHead,
  grpc: boolean,
): number {
  for (let i = from; i < entries.length; i++) if ((entries[i] as { when: When }).when.coversHead(head, grpc)) return i
  return -1
}

/** What a fallback for this answer stands in for: its status, `503`, or that of the call, `grpc:UNAVAILABLE`. */
export function reasonOfHead(head: ResponseHead, grpc: boolean): string {
  if (!grpc || head.status !== 200) return String(head.status)
  const code = statusOfHead(head)
  return code === NO_STATUS ? String(head.status) : `grpc:${GRPC_STATUS[code]}`
}

/**
 * Whether another service may be asked as well. A write that may have been carried out is not: twice at one service it
 * might be recognised, at two it is two; but one of which no attempt can have arrived is none. `whole`: all of the body that
 * came is at hand. gRPC calls are all POST: for them `when` alone decides, as it does for retries.
 */
export function mayAsk(request: RequestHead, whole: boolean): boolean {
  if (!whole || request.isTunnel) return false
  const { attempts, unsent, grpc } = request.exchange
  return grpc || attempts === unsent || isIdempotent(request)
}

/**
 * When asking another service must be over, on our clock. With a `timeout` of its own (ms) it may outlast the deadline of
 * the policy, and never that of the caller; without, it has what is left.
 */
export function askUntil(exchange: Exchange, timeout: number | undefined, now: number): number {
  const own = timeout === undefined ? exchange.deadline : now + timeout
  return Math.min(own, exchange.callerDeadline, exchange.grpcDeadline)
}

/** The other service fails as well: of gRPC's statuses, those that servers give for failures of their own. What its trailers will say of a call is not waited for. */
export function failsToo(head: ResponseHead, grpc: boolean): boolean {
  if (head.status >= 500) return true
  return grpc && isServerError(statusOfHead(head))
}
