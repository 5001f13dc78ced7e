/** Watches one attempt until its outcome is fixed, and passes everything on. */
import { judgeFailure, judgeHead, judgeTrailers, type Outcome, type Rules, took } from './attempt-outcome.ts'
import type { Clock } from './clock.ts'
import type { ProxyError } from './errors.ts'
import type { RequestHead, ResponseHandler, ResponseHead } from './exchange.ts'
import { ForwardingHandler } from './forwarding.ts'
import { GrpcMessages, isOneMessage } from './grpc-messages.ts'
import { NO_STATUS, statusOfHead } from './grpc-status.ts'
import type { Headers } from './headers.ts'
import { isStream, mayBeStream } from './streams.ts'

/** What is the same for every attempt that a layer watches. */
export interface RecorderParts {
  readonly rules: Rules
  readonly clock: Clock
}

export abstract class AttemptRecorder extends ForwardingHandler {
  protected readonly request: RequestHead
  readonly #parts: RecorderParts
  /** The outcome is fixed and told. */
  #settled: boolean
  /** What a head said that was no failure. */
  #answered: Outcome | undefined
  /** To a gRPC call, and its head said no status: the trailers will. */
  #open: boolean
  /** A gRPC stream, which is judged at what comes first behind its head. */
  #atFirst: boolean
  /** A gRPC call that its second message makes a stream. */
  #mayBeStream: boolean
  /** Its first message came whole, in one piece. */
  #oneCame: boolean
  /** Of one that did not. */
  #messages: GrpcMessages | undefined

  constructor(up: ResponseHandler, request: RequestHead, parts: RecorderParts) {
    super(up)
    this.request = request
    this.#parts = parts
    this.#settled = false
    this.#answered = undefined
    this.#open = false
    this.#atFirst = false
    this.#mayBeStream = false
    this.#oneCame = false
    this.#messages = undefined
  }

  /** A good head came; the body is still to come. */
  protected abstract answered(): void

  /** The outcome, once, before what fixed it is passed on. `answered`: said so before. */
  protected abstract settled(outcome: Outcome, answered: boolean, now: number): void

  /**
   * A failure is fixed here, and so is a stream: a probe's permit is not held for hours, and a thousand tunnels that end
   * with one process are not a thousand failed calls. Anything else may still fail in its body. A gRPC stream that fails at
   * once may say so in its trailers only, so it waits for one thing more; one that the file does not call so, for its second
   * message.
   */
  override head(head: ResponseHead): void {
    const request = this.request
    const { grpc } = request.exchange
    const now = this.#parts.clock.now()
    const outcome = judgeHead(this.#parts.rules, head, grpc, took(request, now))
    const stream = isStream(request, head)
    this.#open = grpc && statusOfHead(head) === NO_STATUS
    if (outcome === 'failed' || outcome === 'failed-slow' || (stream && !this.#open)) {
      this.#settle(outcome, now)
    } else {
      this.#atFirst = stream
      this.#mayBeStream = this.#open && !stream && mayBeStream(request.exchange)
      this.#answered = outcome
      this.answered()
    }
    this.up.head(head)
  }

  override data(chunk: Buffer): void {
    if (this.#atFirst || (this.#mayBeStream && this.#isSecond(chunk))) this.#begun()
    this.up.data(chunk)
  }

  /** Most answers are one message in one piece, for which nothing is made. */
  #isSecond(chunk: Buffer): boolean {
    if (this.#oneCame) return true
    if (this.#messages === undefined) {
      this.#oneCame = isOneMessage(chunk)
      if (this.#oneCame) return false
      this.#messages = new GrpcMessages()
    }
    this.#messages.add(chunk)
    return this.#messages.begun > 1
  }

  override end(trailers?: Headers): void {
    if (!this.#settled) {
      const answered = this.#answered ?? 'good'
      const outcome = this.#open ? judgeTrailers(this.#parts.rules, trailers, answered) : answered
      this.#settle(outcome, this.#parts.clock.now())
    }
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    if (this.#atFirst) this.#begun()
    if (!this.#settled) {
      const now = this.#parts.clock.now()
      this.#settle(judgeFailure(this.#parts.rules, error, this.request, this.#answered, now), now)
    }
    this.up.fail(error)
  }

  /** A gRPC stream goes on: its head stands. */
  #begun(): void {
    this.#atFirst = false
    this.#mayBeStream = false
    this.#messages = undefined
    this.#settle(this.#answered as Outcome, this.#parts.clock.now())
  }

  #settle(outcome: Outcome, now: number): void {
    this.#settled = true
    this.settled(outcome, this.#answered !== undefined, now)
  }
}
