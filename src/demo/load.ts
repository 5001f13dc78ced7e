/**
 * The open-loop load generator. Every request has a scheduled moment; its latency counts from there, so a stalled proxy,
 * or a stalled generator, shows up in the figures and cannot hide behind requests that were never sent ("coordinated
 * omission"). When the process comes late it catches up at once; it never skips. Bounded: it ends at `duration`, and each
 * request at `patience`.
 */
import { Arrivals, type ArrivalShape, type Due } from './arrivals.ts'
import { LeanClient } from './lean-client.ts'
import { after, nowMs, type Timer, until } from './time.ts'

/** One kind of request. */
export interface Stream {
  readonly name: string
  readonly perSecond: number
  /** What to send, in ASCII; `sequence` counts from 0 within the stream. */
  make(sequence: number): { method: string; path: string; body?: string }
}

/** How one request went. */
export interface Sample {
  readonly stream: string
  /** Scheduled moment, ms after the start of the load. */
  readonly at: number
  /** From the scheduled moment to the last byte of the answer, or to giving up, in ms. */
  readonly latency: number
  /** How much of `latency` is the generator's own lateness, in ms. */
  readonly late: number
  /** HTTP status; 0: no answer. */
  readonly status: number
  /** Why there was no whole answer. `patience`: the client gave up. `overrun`: too many in flight, not sent. */
  readonly failure: '' | 'patience' | 'connection' | 'overrun'
}

export interface LoadOptions {
  /** `HOST:PORT` of the entrance. */
  readonly target: string
  readonly streams: readonly Stream[]
  /** ms from the start to the last scheduled request. */
  readonly duration: number
  /** ms from the scheduled moment after which the client gives up, as people do. */
  readonly patience: number
  readonly shape?: ArrivalShape
  /** `answer` as it came: head and body; '' where there was none. */
  readonly onSample: (sample: Sample, answer: string) => void
}

/** So many unanswered requests are no story any more, but a leak; the rest is counted as failed unsent. */
const MAX_IN_FLIGHT = 20_000

export class Load {
  readonly #options: LoadOptions
  readonly #arrivals: Arrivals
  readonly #client: LeanClient
  #timer: Timer | undefined
  #startedAt = 0
  #finished: () => void = () => {}
  /** Resolves when the last scheduled request has been sent. */
  readonly sent: Promise<void>
  inFlight = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.#arrivals = new Arrivals(options.streams, options.shape)
    this.#client = new LeanClient(options.target)
    this.sent = new Promise((resolve) => {
      this.#finished = resolve
    })
  }

  /** ms since the start of the load: the axis that `Sample.at` lies on. */
  elapsed(): number {
    return nowMs() - this.#startedAt
  }

  start(): void {
    this.#startedAt = nowMs()
    this.#tick()
  }

  /** Sends nothing more. What is in flight is still answered or given up. */
  halt(): void {
    this.#timer?.cancel()
    this.#finished()
  }

  /** Waits for the last answer (at most one patience more) and closes the connections. */
  async finish(): Promise<void> {
    await this.sent
    await until(() => this.inFlight === 0, this.#options.patience + 1000)
    this.#client.close()
  }

  /** Closes the connections at once; what is in flight counts as a broken connection. */
  abandon(): void {
    this.#client.close()
  }

  #tick(): void {
    const { duration } = this.#options
    while (this.#arrivals.peek() <= Math.min(this.elapsed(), duration)) this.#send(this.#arrivals.take())
    const wait = this.#arrivals.peek() - this.elapsed()
    if (this.#arrivals.peek() > duration) this.#finished()
    else this.#timer = after(Math.max(1, wait), () => this.#tick())
  }

  #send(due: Due): void {
    const { streams, onSample, patience } = this.#options
    const stream = streams[due.stream]
    if (stream === undefined) return
    const late = this.elapsed() - due.at
    const settle = (status: number, failure: Sample['failure'], answer = ''): void => {
      onSample({ stream: stream.name, at: due.at, latency: this.elapsed() - due.at, late, status, failure }, answer)
    }
    if (this.inFlight >= MAX_IN_FLIGHT) {
      settle(0, 'overrun')
      return
    }
    this.inFlight++
    const call = this.#client.send(requestText(stream.make(due.sequence), this.#options.target), (status, text) => {
      giveUp.cancel()
      this.inFlight--
      settle(status, status === 0 ? 'connection' : '', text)
    })
    // A timer of Node counts from the beginning of its turn, so it may come early by what the turn took.
    const end = (): void => {
      const left = patience - (this.elapsed() - due.at)
      if (left > 0) giveUp = after(Math.ceil(left), end)
      else {
        call.abandon()
        this.inFlight--
        settle(0, 'patience')
      }
    }
    let giveUp = after(Math.max(1, patience - late), end)
  }
}

function requestText(wanted: { method: string; path: string; body?: string }, host: string): string {
  const start = `${wanted.method} ${wanted.path} HTTP/1.1\r\nhost: ${host}\r\n`
  if (wanted.body === undefined) return `${start}\r\n`
  return `${start}content-type: application/json\r\ncontent-length: ${wanted.body.length}\r\n\r\n${wanted.body}`
}
