/** The tokens of `retry.when`, `breaker.failures` and `fallback.when`, compiled to table look-ups. */
import { REASON_LIST, type ProxyError, type Reason, SHEDDING } from './errors.ts'
import type { ResponseHead } from './exchange.ts'
import { GRPC_STATUS, NO_STATUS, statusOfHead, statusOfTrailers } from './grpc-status.ts'
import { get, type Headers } from './headers.ts'

/** The group `timeout` of policy-format.md. */
export const TIMEOUTS: readonly Reason[] = [
  'request_timeout',
  'per_try_timeout',
  'connect_timeout',
  'stream_idle_timeout',
]

/** What `any` of a fallback leaves out: these are answers to the client, not failures of what is below. */
const NEVER_ANY: readonly Reason[] = ['denied', 'unauthorized', 'rate_limited', 'client_cancelled', 'superseded']

/** RST_STREAM's code (RFC 9113 §7), and what gRPC makes of it (grpc/doc/PROTOCOL-HTTP2.md, "Errors"). */
const CANCEL = 8
const CANCELLED = 1

/** The field in which one of our own kind says why it answered itself. */
export const REASON_FIELD = 'x-outrigger-reason'

/**
 * A peer answered itself, because it has too much to do. The field is there only if the peer is believed: upstream drops it
 * from others.
 */
export function isShedding(fields: Headers): boolean {
  const reason = get(fields, REASON_FIELD)
  return reason !== undefined && (SHEDDING as readonly string[]).includes(reason)
}

/** A call that its server cancels: mostly somebody further on has given it up, and no connection broke. */
export function isCancelled(error: ProxyError, grpc: boolean): boolean {
  return grpc && error.resetCode === CANCEL
}

/** A set of outcomes. */
export class OutcomeSet {
  readonly #reasons = new Set<Reason>()
  /** By status 0…599. */
  readonly #statuses = new Uint8Array(600)
  readonly #grpc = new Uint8Array(GRPC_STATUS.length)
  /** A gRPC status is among them. */
  namesGrpc = false

  /** `tokens` as the loader has checked them: reasons, `timeout`, `5xx`, `502`, `502-504`, `grpc:NAME`, `any`. */
  constructor(tokens: readonly string[]) {
    for (const token of tokens) this.#add(token)
  }

  #add(token: string): void {
    if (token === 'any') {
      for (const reason of REASON_LIST) if (!NEVER_ANY.includes(reason)) this.#reasons.add(reason)
      this.#statuses.fill(1, 500, 600)
    } else if (token === 'timeout') {
      for (const reason of TIMEOUTS) this.#reasons.add(reason)
    } else if (token === '5xx') {
      this.#statuses.fill(1, 500, 600)
    } else if (token.startsWith('grpc:')) {
      const code = (GRPC_STATUS as readonly string[]).indexOf(token.slice(5))
      if (code >= 0) {
        this.#grpc[code] = 1
        this.namesGrpc = true
      }
    } else if (token.charCodeAt(0) <= 57) {
      const dash = token.indexOf('-')
      const from = Number(dash < 0 ? token : token.slice(0, dash))
      const to = dash < 0 ? from : Number(token.slice(dash + 1))
      this.#statuses.fill(1, from, to + 1)
    } else {
      this.#reasons.add(token as Reason)
    }
  }

  /** `grpc`: of a call. One that its server cancels is CANCELLED. */
  hasError(error: ProxyError, grpc: boolean): boolean {
    if (isCancelled(error, grpc)) return this.#grpc[CANCELLED] === 1
    return this.#reasons.has(error.reason)
  }

  /**
   * An upstream's answer, by its status; `grpc`, to a gRPC call, also by its gRPC status where the head says it. A sidecar
   * that refused says its own reason, which counts as if we had refused.
   */
  hasHead(head: ResponseHead, grpc: boolean): boolean {
    const status = head.status
    // A status that no class knows counts as a 5xx (RFC 9110 §15).
    if (this.#statuses[status < 600 ? status : 599] === 1) return true
    if (!grpc || !this.namesGrpc) return false
    const code = statusOfHead(head)
    return code !== NO_STATUS && this.#grpc[code] === 1
  }

  /** The end of an answer to a gRPC call whose head had no status. */
  hasTrailers(trailers: Headers | undefined): boolean {
    return this.namesGrpc && this.#grpc[statusOfTrailers(trailers)] === 1
  }
}
