/** One line per exchange, gathered and written every few milliseconds. */
import type { Clock, Timed } from '../core/clock.ts'
import type { RequestHead } from '../core/exchange.ts'
import type { Random } from '../core/random.ts'
import type { AttemptRecord } from './attempt-layer.ts'
import { millis, quoted, Timestamps } from './json-text.ts'
import { protocolName } from './labels.ts'
import type { LineSink } from './line-sink.ts'
import type { RouteRows } from './route-rows.ts'

/** ms that a line waits for company; the wheel may add a tick. */
const GATHER = 2
/** Longest target that is logged whole, in characters: a line is no place for 64 KiB of it. */
const LONGEST = 4096

export class AccessLog implements Timed {
  readonly #clock: Clock
  readonly #random: Random
  readonly #sink: LineSink
  readonly #text: boolean
  readonly #sample: number
  readonly #times: Timestamps
  #armed: boolean

  /** `sample` 0…1. */
  constructor(clock: Clock, random: Random, sink: LineSink, format: 'json' | 'text', sample: number) {
    this.#clock = clock
    this.#random = random
    this.#sink = sink
    this.#text = format === 'text'
    this.#sample = sample
    this.#times = new Timestamps()
    this.#armed = false
  }

  get dropped(): number {
    return this.#sink.dropped
  }

  /** `status` as sent, or what a request nobody waited for is given in logs. */
  record(request: RequestHead, traceId: string, rows: RouteRows, status: number, reason: string, now: number): void {
    if (this.#sample < 1 && this.#random.fraction() >= this.#sample) return
    const line = this.#text
      ? this.#textLine(request, rows, status, reason, now)
      : this.#jsonLine(request, traceId, rows, status, reason, now)
    this.#sink.write(line)
    if (this.#armed) return
    this.#armed = true
    this.#clock.schedule(GATHER, this)
  }

  expired(): void {
    this.#armed = false
    this.#sink.flush()
  }

  close(): Promise<void> {
    return this.#sink.close()
  }

  #jsonLine(
    request: RequestHead,
    traceId: string,
    rows: RouteRows,
    status: number,
    reason: string,
    now: number,
  ): string {
    const exchange = request.exchange
    const last = exchange.attemptLog as AttemptRecord | undefined
    const endpoint = last?.attempt.endpoint
    return (
      `{"time":"${this.#times.format(exchange.wallTime)}","direction":"${exchange.direction}"` +
      `,"method":"${request.method}","path":${quoted(shortened(request.target))}` +
      `,"authority":${quoted(request.authority)}${rows.logFragment},"status":${status}` +
      (reason === '' ? '' : `,"reason":"${reason}"`) +
      `,"durationMs":${millis(now - exchange.startedAt)},"attempts":${exchange.attempts}` +
      (endpoint === undefined ? '' : `,"upstream":"${endpoint.address}"`) +
      `,"requestBytes":${exchange.requestBytes},"responseBytes":${exchange.responseBytes}` +
      `,"requestId":${quoted(exchange.requestId)},"traceId":"${traceId}"` +
      `,"peer":"${exchange.peerAddress}","protocol":"HTTP/${protocolName(exchange)}"` +
      (last === undefined || last.previous === undefined ? '}\n' : `,"attemptLog":[${each(last)}]}\n`)
    )
  }

  #textLine(request: RequestHead, rows: RouteRows, status: number, reason: string, now: number): string {
    const exchange = request.exchange
    const last = exchange.attemptLog as AttemptRecord | undefined
    const upstream = last?.attempt.endpoint?.address ?? '-'
    return (
      `${this.#times.format(exchange.wallTime)} ${exchange.direction} ${exchange.peerAddress} ${request.method} ` +
      `${quoted(shortened(request.target))} ${quoted(request.authority)} ${rows.service || '-'} ${status} ` +
      `${reason || '-'} ${millis(now - exchange.startedAt)}ms attempts=${exchange.attempts} ${upstream} ` +
      `${quoted(exchange.requestId)}\n`
    )
  }
}

function shortened(target: string): string {
  return target.length > LONGEST ? `${target.slice(0, LONGEST)}…` : target
}

/** Every attempt, oldest first. */
function each(last: AttemptRecord): string {
  const earlier = last.previous === undefined ? '' : `${each(last.previous)},`
  const ended = last.reason === '' ? `"status":${last.status}` : `"reason":"${last.reason}"`
  const endpoint = last.attempt.endpoint?.address ?? ''
  return `${earlier}{"endpoint":"${endpoint}",${ended},"ms":${millis(last.endedAt - last.startedAt)}}`
}
