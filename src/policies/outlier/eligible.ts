/** What the pick is told: not who is set aside, unless this request shall ask whether one of them is well again. */
import type { ProxyError } from '../../core/errors.ts'
import type { EndpointInfo, RequestHead } from '../../core/exchange.ts'
import type { Eligible } from '../../core/policy.ts'
import { mayProbe } from './decide.ts'
import type { Outliers } from './outliers.ts'

export class OutlierTest implements Eligible {
  readonly #outliers: Outliers

  constructor(outliers: Outliers) {
    this.#outliers = outliers
  }

  prefers(endpoints: readonly EndpointInfo[], request: RequestHead): EndpointInfo | undefined {
    if (!this.#outliers.look(endpoints) || this.#outliers.mode === 'shadow') return undefined
    return mayProbe(request) ? this.#outliers.due() : undefined
  }

  admits(endpoint: EndpointInfo): boolean {
    return this.#outliers.isReady(endpoint)
  }

  refusal(): ProxyError {
    return this.#outliers.refusal()
  }
}
