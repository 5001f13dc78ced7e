/** Who asks: a client, or the application on behalf of one. Tries as often as its settings say, and gives up when they say. */
import { ProxyError } from '../core/errors.ts'
import type { Exchange, RequestBody, ResponseHead } from '../core/exchange.ts'
import { NO_STATUS, statusIn, statusOfHead, statusOfTrailers } from '../core/grpc-status.ts'
import type { Headers } from '../core/headers.ts'
import type { IncomingConnection, IncomingExchange, IncomingHead } from '../http/server-side.ts'
import type { Engine } from './engine.ts'
import type { Event } from './event-queue.ts'
import { mark } from './origin.ts'
import type { Asked, Origin } from './workload.ts'

export interface Answered {
  /** 0: no whole answer. */
  readonly status: number
  /** -1: none. */
  readonly grpcStatus: number
  /** Why we or a fallback answered; ''. */
  readonly reason: string
  /** Why there is no answer; `no answer`: it would still be waited for. */
  readonly failure: '' | 'timeout' | 'gave up' | 'broken' | 'no answer'
  /** The answer was our own refusal. */
  readonly refused: boolean
  readonly tries: number
  /** ms since it was first asked. */
  readonly took: number
}

/** A listener of the simulated sidecar. */
export type Accept = (head: IncomingHead, connection: IncomingConnection, response: IncomingExchange) => RequestBody

const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'the client gave up')
const BODY = Buffer.alloc(64 * 1024)

export class Caller {
  readonly #engine: Engine
  readonly #accept: Accept
  readonly #connection: IncomingConnection
  readonly #asked: Asked
  readonly #origin: Origin
  readonly #done: (answered: Answered) => void
  readonly #startedAt: number
  #tries = 0
  #over = false
  #current: Try | undefined
  #patience: Event | undefined
  #timeout: Event | undefined

  /** Begins at once; `done` is called exactly once, and never before this returns. */
  constructor(
    engine: Engine,
    accept: Accept,
    connection: IncomingConnection,
    asked: Asked,
    origin: Origin,
    done: (answered: Answered) => void,
  ) {
    this.#engine = engine
    this.#accept = accept
    this.#connection = connection
    this.#asked = asked
    this.#origin = origin
    this.#done = done
    this.#startedAt = engine.now()
    const { patience } = asked.caller
    if (patience !== Number.POSITIVE_INFINITY) this.#patience = engine.after(patience, () => this.giveUp())
    this.#ask()
  }

  #ask(): void {
    const attempt = ++this.#tries
    const origin = attempt === 1 ? this.#origin : { ...this.#origin, attempt }
    const current = new Try(origin, this.#asked.grpc, (outcome) => this.#answered(outcome))
    this.#current = current
    const { bodyBytes, caller } = this.#asked
    const body = this.#accept(headOf(this.#asked), this.#connection, current)
    current.body = body
    // In reads, as from a socket: a body is never one piece of any size.
    for (let left = bodyBytes; left > 0; left -= BODY.length) body.data(BODY.subarray(0, Math.min(left, BODY.length)))
    body.end()
    if (caller.timeout === Number.POSITIVE_INFINITY) return
    this.#timeout = this.#engine.after(caller.timeout, () => {
      if (this.#current === current && !this.#over) this.#tryEnded('timeout', current)
    })
  }

  /** As if its patience had ended. */
  giveUp(): void {
    if (this.#over) return
    const current = this.#current
    this.#settle('gave up')
    current?.leave()
  }

  #answered(outcome: Try): void {
    if (this.#over || outcome !== this.#current) return
    if (outcome.whole) this.#settle('')
    else this.#tryEnded('broken', outcome)
  }

  #tryEnded(failure: 'timeout' | 'broken', current: Try): void {
    const { attempts, backoff } = this.#asked.caller
    if (this.#tries >= attempts) {
      this.#settle(failure)
      current.leave()
      return
    }
    this.#current = undefined
    current.leave()
    const wait = Math.min(backoff.max, backoff.base * backoff.growth ** this.#tries)
    this.#engine.after(wait, () => {
      if (!this.#over) this.#ask()
    })
  }

  #settle(failure: Answered['failure']): void {
    this.#over = true
    // Called off, so that a request that is over holds on to nothing: most are over long before their time.
    if (this.#patience !== undefined) this.#patience.what = undefined
    if (this.#timeout !== undefined) this.#timeout.what = undefined
    const last = this.#current
    const answered = failure === '' ? last : undefined
    this.#done({
      status: answered?.status ?? 0,
      grpcStatus: answered?.grpcStatus ?? -1,
      reason: answered?.reason ?? '',
      refused: answered?.refused ?? false,
      failure,
      tries: this.#tries,
      took: this.#engine.now() - this.#startedAt,
    })
  }
}

/** One try of the caller, in the place of a server's codec. */
class Try implements IncomingExchange {
  readonly #origin: Origin
  readonly #grpc: boolean
  readonly #ended: (outcome: Try) => void
  #exchange: Exchange | undefined
  body: RequestBody | undefined
  status = 0
  grpcStatus = -1
  reason = ''
  refused = false
  whole = false

  constructor(origin: Origin, grpc: boolean, ended: (outcome: Try) => void) {
    this.#origin = origin
    this.#grpc = grpc
    this.#ended = ended
  }

  get exchange(): Exchange | undefined {
    return this.#exchange
  }

  /** Set before anything else happens. */
  set exchange(exchange: Exchange | undefined) {
    this.#exchange = exchange
    if (exchange !== undefined) mark(exchange, this.#origin)
  }

  /** The connection is closed. After an answer nobody hears of it. */
  leave(): void {
    this.body?.abort(LEFT)
  }

  informational(): void {}

  head(head: ResponseHead): void {
    this.status = head.status
    this.reason = head.reason
    this.refused = head.origin === 'proxy'
    this.grpcStatus = this.#grpc ? statusOfHead(head) : statusIn(head.headers)
  }

  data(): void {}

  end(trailers?: Headers): void {
    if (this.#grpc && this.grpcStatus === NO_STATUS) this.grpcStatus = statusOfTrailers(trailers)
    this.whole = true
    this.#ended(this)
  }

  fail(): void {
    this.#ended(this)
  }

  pauseRequest(): void {}
  resumeRequest(): void {}
}

const GRPC_FIELDS = ['content-type', 'application/grpc', 'te', 'trailers']

function headOf({ method, target, authority, headers, bodyBytes, grpc }: Asked): IncomingHead {
  return {
    method,
    target,
    scheme: 'http',
    authority,
    headers: grpc ? [...headers, ...GRPC_FIELDS] : headers,
    bodyLength: bodyBytes,
    upgrade: '',
    expectContinue: false,
    version: grpc ? 20 : 11,
  }
}
