/** What a balancer learns from attempts at one endpoint (metering.ts). `took`: ms since the attempt began; `now`: the clock, ms. */
export interface Meter {
  /** A head came that is no failure. */
  answered(took: number, now: number): void
  /** It failed before a head or by its head, and that was the endpoint's doing. */
  failed(took: number, now: number): void
  /** An answer whose head was told of as good turned bad behind it. */
  spoiled(now: number): void
  /** Nobody waits any more for a head that has not come: it would have taken at least as long. */
  abandoned(took: number, now: number): void
}
