/** Exchanges that ended, on their way to the exporter: spans are made off the path of requests. */
import type { Clock, Timed } from '../core/clock.ts'
import type { SampledExchange } from './sampled.ts'

/** Makes and exports spans; the OpenTelemetry SDK behind our own words. */
export interface SpanExport {
  export(exchange: SampledExchange): void
  /** Sends what is queued. */
  shutdown(): Promise<void>
}

/** Exchanges that may wait, most of all while the SDK is still loading. */
const LIMIT = 2048
/** What they may hold together, bytes: a request of 64 KiB waits with its head. */
const ROOM = 8 * 1024 * 1024
/** What one is charged with beside the text of its head, bytes: records, and each decision of a policy. */
const RECORD = 1024
const EVENT = 192
/** ms; also lets attempts that end right after their exchange be told whole. */
const DELAY = 10

export class SpanQueue implements Timed {
  readonly #clock: Clock
  readonly #queue: SampledExchange[]
  #bytes: number
  #target: SpanExport | undefined
  #armed: boolean
  dropped: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#queue = []
    this.#bytes = 0
    this.#target = undefined
    this.#armed = false
    this.dropped = 0
  }

  push(exchange: SampledExchange): void {
    const bytes = weight(exchange)
    if (this.#queue.length === LIMIT || this.#bytes + bytes > ROOM) {
      this.dropped++
      return
    }
    this.#bytes += bytes
    this.#queue.push(exchange)
    if (this.#armed) return
    this.#armed = true
    this.#clock.schedule(DELAY, this)
  }

  expired(): void {
    this.#armed = false
    this.drain()
  }

  /** The SDK is loaded. */
  open(target: SpanExport): void {
    this.#target = target
    this.drain()
  }

  drain(): void {
    const target = this.#target
    if (target === undefined) return
    for (const exchange of this.#queue) target.export(exchange)
    this.#queue.length = 0
    this.#bytes = 0
  }
}

function weight({ request, events }: SampledExchange): number {
  let bytes = RECORD + request.target.length + events.length * EVENT
  for (const text of request.headers) bytes += text.length
  return bytes
}
