/** Every family, for whoever reads them: the text that is scraped, and what is exported. */
// cold file: runs once per scrape
import type { Clock } from '../core/clock.ts'
import { certificateFamilies } from './families/certificates.ts'
import { concurrencyFamilies } from './families/concurrency.ts'
import { decisionFamilies } from './families/decisions.ts'
import { fallbackFamilies } from './families/fallback.ts'
import type { Family } from './families/family.ts'
import { hedgeFamilies } from './families/hedge.ts'
import { httpFamilies } from './families/http.ts'
import { idempotencyFamilies } from './families/idempotency.ts'
import { limitFamilies } from './families/limits.ts'
import { outlierFamilies } from './families/outlier.ts'
import { opaqueFamilies } from './families/opaque.ts'
import { overloadFamilies } from './families/overload.ts'
import { type OwnState, ownFamilies } from './families/own.ts'
import { policyFamilies } from './families/policies.ts'
import { processFamilies } from './families/process.ts'
import { rpcFamilies } from './families/rpc.ts'
import { shadowFamilies } from './families/shadow.ts'
import { upstreamFamilies } from './families/upstream.ts'
import { istioFamilies } from './istio/families.ts'
import type { Self } from './istio/labels.ts'
import type { Registry } from './registry.ts'
import type { MetricCompatibility } from './types.ts'

export class MetricSource {
  readonly families: readonly Family[]
  readonly #registry: Registry
  readonly #clock: Clock

  /** `compatibility`: the other meshes whose metrics are told, too; `self` for these. */
  constructor(
    registry: Registry,
    clock: Clock,
    own: OwnState,
    compatibility: readonly MetricCompatibility[],
    self: Self,
  ) {
    this.#registry = registry
    this.#clock = clock
    this.families = [
      ...httpFamilies(registry),
      ...rpcFamilies(registry),
      ...policyFamilies(registry),
      ...outlierFamilies(registry),
      ...hedgeFamilies(registry),
      ...decisionFamilies(registry),
      ...limitFamilies(registry),
      ...concurrencyFamilies(registry),
      ...shadowFamilies(registry),
      ...fallbackFamilies(registry),
      ...idempotencyFamilies(registry),
      ...upstreamFamilies(registry),
      ...opaqueFamilies(registry),
      ...overloadFamilies(registry),
      ...certificateFamilies(registry),
      ...processFamilies(registry),
      ...ownFamilies(registry, own),
      ...(compatibility.includes('istio') ? istioFamilies(registry, self) : []),
    ]
  }

  /** Before the families are read: what nothing was counted under for long leaves. */
  tidy(): void {
    this.#registry.expire(this.#clock.now())
  }
}
