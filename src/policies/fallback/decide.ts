/** Which entry of the list answers, and for what. */
import { type ProxyError, REASONS } from '../../core/errors.ts'
import type { ResponseHead } from '../../core/exchange.ts'
import { OutcomeSet } from '../../core/outcome.ts'

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
  coversError(error: ProxyError): boolean {
    if (error.source === 'downstream' || error.reason === 'client_cancelled') return false
    if (this.#stated.hasError(error)) return true
    return this.#any?.hasError(error) === true && REASONS[error.reason].status >= 500
  }

  /** Of an upstream's answers, and of one that is injected in the place of such; no other of our own kind is replaced. */
  coversHead(head: ResponseHead, grpc: boolean): boolean {
    if (head.origin !== 'upstream' && head.reason !== 'fault_injected') return false
    return this.#stated.hasHead(head, grpc) || this.#any?.hasHead(head, grpc) === true
  }
}

/** The first that covers it, or undefined. */
export function firstForError<E extends { readonly when: When }>(entries: readonly E[], error: ProxyError) {
  for (const entry of entries) if (entry.when.coversError(error)) return entry
  return undefined
}

export function firstForHead<E extends { readonly when: When }>(
  entries: readonly E[],
  head: ResponseHead,
  grpc: boolean,
) {
  for (const entry of entries) if (entry.when.coversHead(head, grpc)) return entry
  return undefined
}
