/** What stands around a layer in a test: a client above, an upstream beneath, and the scope a policy is made in. */
import type { ProxyError } from '../../src/core/errors.ts'
import type { BreakerSnapshot, BreakerState, EndpointChange, Mode, PolicyEvents } from '../../src/core/events.ts'
import {
  Attempt,
  type AttemptKind,
  type Dispatch,
  type EndpointInfo,
  Exchange,
  type RequestBody,
  RequestHead,
  type ResponseHandler,
  ResponseHead,
  type RouteInfo,
} from '../../src/core/exchange.ts'
import type { Headers } from '../../src/core/headers.ts'
import type { PolicyScope, StatedBy } from '../../src/core/policy.ts'
import type { Random } from '../../src/core/random.ts'
import { FakeClock } from './fake-clock.ts'
import { lentCopy, takeBack } from './lent.ts'

/** Everything queued as a microtask has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export function routeInfo(service = 'inventory', template = '*', stream?: boolean): RouteInfo {
  return { direction: 'outbound', service, template, stream, telemetry: undefined }
}

export function endpointInfo(address = '10.0.0.7:8080'): EndpointInfo {
  return { address, states: new Map(), meter: undefined, warmingSince: Number.NEGATIVE_INFINITY }
}

export interface RequestOptions {
  readonly method?: string
  readonly path?: string
  readonly route?: RouteInfo
  readonly deadline?: number
  readonly source?: string
  readonly upgrade?: string
  readonly bodyLength?: number
  readonly endpoint?: EndpointInfo
  readonly startedAt?: number
  readonly grpc?: boolean
  readonly grpcDeadline?: number
  readonly headers?: Headers
}

export function requestHead(options: RequestOptions = {}): RequestHead {
  const { method = 'GET', path = '/', upgrade = '', bodyLength = 0, startedAt = 0 } = options
  const exchange = new Exchange('outbound', startedAt, 0, '10.1.0.1', 1, options.source ?? '', 'id', true, 11, Infinity)
  exchange.route = options.route ?? routeInfo()
  exchange.path = path
  exchange.deadline = options.deadline ?? Number.POSITIVE_INFINITY
  const attempt = new Attempt('first', true, false)
  attempt.endpoint = options.endpoint
  attempt.startedAt = startedAt
  exchange.grpc = options.grpc ?? false
  exchange.grpcDeadline = options.grpcDeadline ?? Number.POSITIVE_INFINITY
  const headers = options.headers ?? []
  return new RequestHead(method, path, 'http', 'inventory', headers, bodyLength, upgrade, false, exchange, attempt)
}

export function responseHead(status = 200, headers: Headers = []): ResponseHead {
  return new ResponseHead(status, '', headers, -1, 'upstream', '')
}

/** Writes down what it is told; `on` may react while it is told. */
export class Client implements ResponseHandler {
  readonly log: string[] = []
  error: ProxyError | undefined
  answer: ResponseHead | undefined
  body = ''
  on: (what: string) => void = () => {}

  #say(what: string): void {
    this.log.push(what)
    this.on(what)
  }

  get over(): boolean {
    return this.log.some((line) => line === 'end' || line.startsWith('fail '))
  }

  informational(head: ResponseHead): void {
    this.#say(`informational ${head.status}`)
  }

  head(head: ResponseHead): void {
    this.answer = head
    this.#say(`head ${head.status}`)
  }

  data(chunk: Buffer): void {
    const text = chunk.toString()
    takeBack(chunk)
    this.body += text
    this.#say(`data ${text}`)
  }

  end(): void {
    this.#say('end')
  }

  fail(error: ProxyError): void {
    this.error = error
    this.#say(`fail ${error.reason}`)
  }

  pauseRequest(): void {
    this.#say('pauseRequest')
  }

  resumeRequest(): void {
    this.#say('resumeRequest')
  }
}

/** One dispatch that reached the upstream. Its answers are given by the test, through the same guarantees as a wire's. */
export class Call implements RequestBody {
  readonly request: RequestHead
  readonly log: string[] = []
  over = false
  readonly #response: ResponseHandler

  constructor(request: RequestHead, response: ResponseHandler) {
    this.request = request
    this.#response = response
  }

  head(status = 200, headers: Headers = []): void {
    if (!this.over) this.#response.head(responseHead(status, headers))
  }

  /** A head that no upstream made. */
  foreign(head: ResponseHead): void {
    if (!this.over) this.#response.head(head)
    this.finish()
  }

  send(text: string | Buffer): void {
    if (!this.over) this.#response.data(lentCopy(Buffer.from(text as string)))
  }

  finish(trailers?: Headers): void {
    if (this.over) return
    this.over = true
    this.#response.end(trailers)
  }

  break(error: ProxyError): void {
    if (this.over) return
    this.over = true
    this.#response.fail(error)
  }

  pauseRequest(): void {
    if (!this.over) this.#response.pauseRequest()
  }

  resumeRequest(): void {
    if (!this.over) this.#response.resumeRequest()
  }

  data(chunk: Buffer): void {
    if (!this.over) this.log.push(`data ${chunk}`)
    takeBack(chunk)
  }

  end(): void {
    if (!this.over) this.log.push('end')
  }

  abort(reason: ProxyError): void {
    if (this.over) return
    this.log.push(`abort ${reason.reason}`)
    this.break(reason)
  }

  pauseResponse(): void {
    if (!this.over) this.log.push('pauseResponse')
  }

  resumeResponse(): void {
    if (!this.over) this.log.push('resumeResponse')
  }
}

export class Upstream {
  readonly calls: Call[] = []
  /** Runs inside `dispatch`, before it returns. */
  during: () => void = () => {}

  readonly dispatch: Dispatch = (request, response) => {
    const call = new Call(request, response)
    this.calls.push(call)
    this.during()
    return call
  }

  get last(): Call {
    return this.calls.at(-1) as Call
  }

  get running(): Call[] {
    return this.calls.filter((call) => !call.over)
  }
}

/** Policy events as lines. */
export class Events implements PolicyEvents {
  readonly log: string[] = []
  /** `kind: because` of each attempt that followed another. */
  readonly followed: string[] = []
  readonly changes: { from: BreakerState; to: BreakerState; why: string; id: string }[] = []

  decided(_exchange: Exchange, block: string, decision: string, mode: Mode): void {
    this.log.push(mode === 'shadow' ? `${block} would ${decision}` : `${block} ${decision}`)
  }

  attemptFollows(_exchange: Exchange, kind: AttemptKind, because: string): void {
    this.followed.push(`${kind}: ${because}`)
  }

  retrySkipped(_exchange: Exchange, why: string): void {
    this.log.push(`skipped ${why}`)
  }

  bulkheadRejected(_exchange: Exchange, reason: string): void {
    this.log.push(`rejected ${reason}`)
  }

  bulkheadWaited(_exchange: Exchange, waited: number): void {
    this.log.push(`waited ${waited}`)
  }

  circuitChanged(breaker: BreakerSnapshot, from: BreakerState, why: string): void {
    this.log.push(`${from} -> ${breaker.state}`)
    this.changes.push({ from, to: breaker.state, why, id: breaker.id })
  }

  endpointChanged({ address, change, reason, mode }: EndpointChange): void {
    this.log.push(`${address} ${mode === 'shadow' ? 'would be ' : ''}${change} ${reason}`)
  }

  fallbackServed(_exchange: Exchange, kind: string, reason: string): void {
    this.log.push(`fallback ${kind} ${reason}`)
  }

  defect(where: string, error: unknown): void {
    this.log.push(`defect ${where} ${error}`)
  }
}

/** Always the same throw of the dice. */
export function fixedRandom(fraction = 0.5): Random {
  return { fraction: () => fraction, word: () => Math.floor(fraction * 0x1_0000_0000) }
}

export interface TestScope extends PolicyScope {
  readonly clock: FakeClock
  readonly events: Events
  /** By kind and key; hand it to a second scope to reload. */
  readonly states: Map<string, unknown>
}

export interface ScopeOptions {
  readonly service?: string
  readonly route?: RouteInfo
  readonly policy?: StatedBy
  readonly random?: Random
  readonly mode?: Mode
  readonly direction?: 'inbound' | 'outbound'
  /** The scope before a reload. */
  readonly after?: TestScope
}

export function testScope(options: ScopeOptions = {}): TestScope {
  const states = options.after?.states ?? new Map<string, unknown>()
  const service = options.service ?? 'inventory'
  return {
    policy: options.policy ?? { name: service, routes: [] },
    direction: options.direction ?? 'outbound',
    mode: options.mode ?? 'enforce',
    service,
    route: options.route ?? routeInfo(service),
    clock: options.after?.clock ?? new FakeClock(),
    random: options.random ?? fixedRandom(),
    events: options.after?.events ?? new Events(),
    states,
    state<S>(kind: string, key: string, make: () => S): S {
      const name = `${kind} ${key}`
      if (!states.has(name)) states.set(name, make())
      return states.get(name) as S
    },
  }
}
