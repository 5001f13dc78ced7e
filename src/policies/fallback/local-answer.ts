/** Answers that are at hand: those of the file, and copies. */
import type { RequestHead, ResponseHead } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'

/** As `outrigger_fallback_total` and `x-outrigger-fallback` call them. */
export type Kind = 'static' | 'cached' | 'service'

/** An answer, ready to be given. */
export interface Given {
  readonly head: ResponseHead
  readonly body: readonly Buffer[]
  readonly trailers: Headers | undefined
}

export interface LocalAnswer {
  readonly kind: Kind
  /** `reason`: what it stands in for. Undefined: it has nothing for this request. */
  give(request: RequestHead, reason: string): Given | undefined
}
