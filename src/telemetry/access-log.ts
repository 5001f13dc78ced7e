/** One line per exchange, gathered and written some times a second. */
import type { Clock, Timed } from '../core/clock.ts'
import type { RequestHead } from '../core/exchange.ts'
import type { OpaqueConnection } from '../core/opaque.ts'
import type { Random } from '../core/random.ts'
import { jsonLine, textLine } from './access-line.ts'
import { AccessParts } from './access-parts.ts'
import type { LineSink } from './line-sink.ts'
import { LineWriter } from './line-writer.ts'
import { opaqueJsonLine, opaqueTextLine } from './opaque-line.ts'
import type { RouteRows } from './route-rows.ts'

/** ms that a line waits for company; the wheel may add a tick. What ends the process without a word loses so much of the log. */
const GATHER = 50

export class AccessLog implements Timed {
  readonly #clock: Clock
  readonly #random: Random
  readonly #sink: LineSink
  readonly #text: boolean
  readonly #sample: number
  readonly #writer: LineWriter
  readonly #parts: AccessParts
  /** On the page. */
  #lines: number
  #armed: boolean
  /** The sink has the page before this one. */
  #lent: boolean
  readonly #onFree = () => {
    this.#lent = false
  }

  /** `sample` 0…1. */
  constructor(clock: Clock, random: Random, sink: LineSink, format: 'json' | 'text', sample: number) {
    this.#clock = clock
    this.#random = random
    this.#sink = sink
    this.#text = format === 'text'
    this.#sample = sample
    this.#writer = new LineWriter()
    this.#parts = new AccessParts()
    this.#lines = 0
    this.#armed = false
    this.#lent = false
  }

  get dropped(): number {
    return this.#sink.dropped
  }

  /** `status` as sent, or what a request nobody waited for is given in logs; `rpcStatus` of a gRPC call, or NO_STATUS. */
  record(
    request: RequestHead,
    traceId: string,
    rows: RouteRows,
    status: number,
    rpcStatus: number,
    reason: string,
    now: number,
  ): void {
    if (!this.#begin()) return
    const duration = now - request.exchange.startedAt
    if (this.#text) textLine(this.#writer, request, rows, status, rpcStatus, reason, duration)
    else jsonLine(this.#writer, this.#parts, request, traceId, rows, status, rpcStatus, reason, duration)
    this.#arm()
  }

  /** A connection that passed as bytes. */
  passed(connection: OpaqueConnection): void {
    if (!this.#begin()) return
    if (this.#text) opaqueTextLine(this.#writer, connection)
    else opaqueJsonLine(this.#writer, connection)
    this.#arm()
  }

  /** Room for one more line; false: this one is not in the sample. */
  #begin(): boolean {
    if (this.#sample < 1 && this.#random.fraction() >= this.#sample) return false
    if (this.#writer.full) this.#hand()
    this.#lines++
    return true
  }

  #arm(): void {
    if (this.#armed) return
    this.#armed = true
    this.#clock.schedule(GATHER, this)
  }

  expired(): void {
    this.#armed = false
    this.#hand()
  }

  /** As of `LineSink.reopen`: the lines until now belong to the file that was open. */
  reopen(): void {
    this.#hand()
    this.#sink.reopen()
  }

  close(): Promise<void> {
    this.#hand()
    return this.#sink.close()
  }

  #hand(): void {
    if (this.#lines === 0) return
    const lines = this.#lines
    this.#lines = 0
    if (this.#lent) {
      this.#sink.write(this.#writer.take(), lines)
    } else {
      this.#lent = true
      this.#sink.write(this.#writer.turn(), lines, this.#onFree)
    }
  }
}
