/** What rates are taken over, and the one of time: the calls of the last so many seconds. */

export interface Window {
  /** Of the calls in the window as of the last `record` or `forget`. */
  readonly calls: number
  readonly failed: number
  readonly slow: number
  record(now: number, failed: boolean, slow: boolean): void
  /** Drops what is too old at `now`, ms. */
  forget(now: number): void
  clear(): void
}

/** ms per bucket. */
const BUCKET = 1000

/** Buckets of one second; the newest is the one that is being filled. */
export class TimeWindow implements Window {
  calls: number
  failed: number
  slow: number
  readonly #size: number
  /** Three counts per bucket: calls, failed, slow. */
  readonly #counts: Uint32Array
  /** The second that is being filled. */
  #second: number

  /** `span` in ms, rounded up to whole seconds. */
  constructor(span: number) {
    this.calls = 0
    this.failed = 0
    this.slow = 0
    this.#size = Math.max(1, Math.ceil(span / BUCKET))
    this.#counts = new Uint32Array(this.#size * 3)
    this.#second = 0
  }

  record(now: number, failed: boolean, slow: boolean): void {
    this.forget(now)
    const at = (this.#second % this.#size) * 3
    this.#add(at, 1)
    this.calls++
    if (failed) {
      this.#add(at + 1, 1)
      this.failed++
    }
    if (slow) {
      this.#add(at + 2, 1)
      this.slow++
    }
  }

  forget(now: number): void {
    const second = Math.floor(now / BUCKET)
    const passed = Math.min(second - this.#second, this.#size)
    for (let i = 1; i <= passed; i++) this.#empty(((this.#second + i) % this.#size) * 3)
    if (passed > 0) this.#second = second
  }

  clear(): void {
    this.calls = 0
    this.failed = 0
    this.slow = 0
    this.#counts.fill(0)
  }

  #add(at: number, count: number): void {
    this.#counts[at] = (this.#counts[at] as number) + count
  }

  #empty(at: number): void {
    this.calls -= this.#counts[at] as number
    this.failed -= this.#counts[at + 1] as number
    this.slow -= this.#counts[at + 2] as number
    this.#counts.fill(0, at, at + 3)
  }
}
