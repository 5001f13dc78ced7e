/** An application that is none: so many workers, a queue in front of them, a time for each request. Its clock is its own. */
import type { Clock } from '../../../src/core/clock.ts'
import type { Timer } from '../../../src/core/clock.ts'
import type { Dispatch, Layer, RequestBody, ResponseHandler } from '../../../src/core/exchange.ts'
import type { ConcurrencySnapshot, Mode, Observable } from '../../../src/core/events.ts'
import { concurrency, type ConcurrencyConfig } from '../../../src/policies/concurrency/policy.ts'
import { Client, requestHead, responseHead, testScope } from '../../support/stubs.ts'

/** Parts of a ms in which time passes. */
const PARTS = 2

class Steps implements Clock {
  time = 0
  now(): number {
    return this.time
  }
  exact(): number {
    return this.time
  }
  wallTime(): number {
    return this.time
  }
  schedule(): Timer {
    throw new Error('the limit needs no timer')
  }
  cancel(): void {}
}

interface Working extends RequestBody {
  readonly response: ResponseHandler
  endsAt: number
}

/** What a stretch of time came to. */
export interface Told {
  readonly asked: number
  readonly served: number
  readonly refused: number
  /** ms, mean and the 95th percentile, of those that were served. */
  readonly mean: number
  readonly p95: number
}

export class Application {
  slots: number
  /** ms that a worker has with the next request. */
  time: () => number
  readonly clock = new Steps()
  readonly #scope
  readonly #dispatch: Dispatch
  #queue: Working[] = []
  #working: Working[] = []

  constructor(slots: number, time: () => number, config: Partial<ConcurrencyConfig> = {}, mode: Mode = 'enforce') {
    this.slots = slots
    this.time = time
    this.#scope = { ...testScope({ direction: 'inbound', mode }), clock: this.clock }
    const whole: ConcurrencyConfig = { algorithm: 'gradient', min: 4, max: 1000, ...config }
    const layer = concurrency.create(whole, this.#scope as never).request as Layer
    this.#dispatch = layer((_request, response) => this.#take(response))
  }

  get state(): ConcurrencySnapshot {
    const [limiter] = [...this.#scope.states.values()] as Observable[]
    return limiter?.snapshot() as ConcurrencySnapshot
  }

  #take(response: ResponseHandler): RequestBody {
    const nothing = () => {}
    const one = { response, endsAt: 0, data: nothing, end: nothing, abort: nothing }
    const working: Working = { ...one, pauseResponse: nothing, resumeResponse: nothing }
    this.#queue.push(working)
    return working
  }

  /** `perSecond` requests, evenly spaced, for `seconds`; each that is not served is gone. */
  async load(perSecond: number, seconds: number): Promise<Told> {
    const times: number[] = []
    let asked = 0
    let refused = 0
    const end = this.clock.time + seconds * 1000
    let owed = 0
    while (this.clock.time < end) {
      this.clock.time += 1 / PARTS
      this.#step()
      for (owed += perSecond / 1000 / PARTS; owed >= 1; owed--) {
        const client = new Client()
        const since = this.clock.time
        client.on = (what) => {
          if (what === 'end') times.push(this.clock.time - since)
          else if (what.startsWith('fail')) refused++
        }
        asked++
        this.#dispatch(requestHead({ startedAt: since }), client)
      }
      // Refusals come in a microtask.
      await undefined
    }
    times.sort((a, b) => a - b)
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length
    return { asked, served: times.length, refused, mean, p95: times[Math.floor(times.length * 0.95)] ?? 0 }
  }

  #step(): void {
    const now = this.clock.time
    const done = this.#working.filter(({ endsAt }) => endsAt <= now)
    if (done.length > 0) this.#working = this.#working.filter(({ endsAt }) => endsAt > now)
    for (const { response } of done) {
      response.head(responseHead(200))
      response.end()
    }
    while (this.#working.length < this.slots && this.#queue.length > 0) {
      const next = this.#queue.shift() as Working
      next.endsAt = now + this.time()
      this.#working.push(next)
    }
  }
}
