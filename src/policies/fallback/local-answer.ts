/** Answers that are at hand: those of the file, and copies. */
import type { RequestHead } from '../../core/exchange.ts'
import type { Given } from '../../core/giver.ts'

/** As `outrigger_fallback_total` and `x-outrigger-fallback` call them. */
export type Kind = 'static' | 'cached' | 'service'

export interface LocalAnswer {
  readonly kind: Kind
  /** `reason`: what it stands in for. Undefined: it has nothing for this request. */
  give(request: RequestHead, reason: string): Given | undefined
}
