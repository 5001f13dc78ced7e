/** Telemetry around a scripted upstream: what went down, what was counted, what was logged. */
import { ProxyError, type Reason } from '../../src/core/errors.ts'
import {
  Attempt,
  type AttemptKind,
  Exchange,
  RequestHead,
  type ResponseHandler,
  ResponseHead,
  type RouteInfo,
} from '../../src/core/exchange.ts'
import type { Headers } from '../../src/core/headers.ts'
import type { Random } from '../../src/core/random.ts'
import { createLog, createTelemetry, type Telemetry, type TelemetrySettings } from '../../src/telemetry/index.ts'
import type { LineSink } from '../../src/telemetry/line-sink.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Seeded } from '../support/seeded.ts'
import { Client, endpointInfo, routeInfo, Upstream } from '../support/stubs.ts'

export class MemorySink implements LineSink {
  readonly lines: string[] = []
  /** How often something was written. */
  writes = 0
  dropped = 0

  write(chunk: Buffer, lines: number): void {
    this.writes++
    const written = chunk.toString().split('\n').slice(0, -1)
    if (written.length !== lines) throw new Error(`${written.length} lines, ${lines} said`)
    this.lines.push(...written)
  }

  reopen(): void {}

  close(): Promise<void> {
    return Promise.resolve()
  }
}

export interface WorldOptions {
  readonly settings?: Partial<TelemetrySettings>
  readonly environment?: Record<string, string | undefined>
  readonly random?: Random
  readonly route?: RouteInfo | undefined
  readonly authority?: string
  readonly pagePaths?: boolean
}

export interface AskOptions {
  readonly method?: string
  readonly target?: string
  readonly headers?: Headers
  readonly requestId?: string
  /** A gRPC call over HTTP/2. */
  readonly grpc?: boolean
}

const SETTINGS: TelemetrySettings = {
  name: 'orders',
  accessLog: { format: 'json', sample: 1, output: 'stdout' },
  tracing: { sample: 0, propagators: ['tracecontext', 'baggage'] },
  metrics: { idle: 3_600_000, compatibility: [] },
}

export class World {
  readonly clock = new FakeClock()
  readonly accessLog = new MemorySink()
  readonly logLines = new MemorySink()
  readonly upstream = new Upstream()
  readonly route: RouteInfo | undefined
  readonly telemetry: Telemetry
  readonly client = new Client()
  readonly #authority: string
  #request: RequestHead | undefined
  #up: ResponseHandler = this.client

  constructor(options: WorldOptions = {}) {
    this.route = 'route' in options ? options.route : routeInfo('inventory', '/v1/**')
    this.#authority = options.authority ?? 'inventory.shop:8080'
    this.telemetry = createTelemetry({
      sidecar: { ...SETTINGS, ...options.settings },
      clock: this.clock,
      random: options.random ?? new Seeded(7),
      log: createLog('debug', this.clock, this.logLines),
      version: '1.2.3',
      environment: options.environment ?? {},
      accessLogSink: this.accessLog,
      pagePaths: options.pagePaths ?? false,
    })
  }

  /** Sends a request through the server layer; routing happens beneath it, and a first attempt unless told otherwise. */
  ask(options: AskOptions = {}, attempts = 1): Exchange {
    const { clock } = this
    const id = options.requestId
    const exchange = new Exchange(
      'outbound',
      clock.now(),
      clock.wallTime(),
      '10.1.0.1',
      4242,
      '',
      id ?? 'made-by-us',
      id === undefined,
      options.grpc === true ? 20 : 11,
      Number.POSITIVE_INFINITY,
    )
    exchange.grpc = options.grpc === true
    const attempt = new Attempt('first', false, false)
    const { method = 'GET', target = '/v1/items?x=1', headers = [] } = options
    this.#request = new RequestHead(method, target, 'http', this.#authority, headers, 0, '', false, exchange, attempt)
    this.telemetry.server((request, response) => {
      request.exchange.route = this.route
      request.exchange.path = target
      this.#request = request
      this.#up = response
      if (attempts > 0) this.attempt('first')
      return { data() {}, end() {}, abort: (reason) => response.fail(reason), pauseResponse() {}, resumeResponse() {} }
    })(this.#request, this.client)
    return exchange
  }

  /** Dispatches an attempt; its answer goes to the client unless it is `discarded`. */
  attempt(kind: AttemptKind, address = '10.0.0.7:8080', discarded = false): void {
    const request = this.#request as RequestHead
    const attempt = new Attempt(kind, false, false)
    attempt.endpoint = endpointInfo(address)
    attempt.startedAt = this.clock.now()
    attempt.number = ++request.exchange.attempts
    this.telemetry.attempt(this.upstream.dispatch)(
      request.forAttempt(attempt, true),
      discarded ? new Client() : this.#up,
    )
  }

  /** The upstream of the newest attempt answers, whole. */
  answer(status: number): void {
    this.upstream.last.head(status)
    this.upstream.last.finish()
  }

  /** A gRPC answer: a head, then the status in the trailers; or a head alone. */
  tell(code: number, headOnly = false): void {
    const status = ['grpc-status', String(code)]
    this.upstream.last.request.attempt.protocol = 20
    this.upstream.last.head(200, headOnly ? status : [])
    this.upstream.last.finish(headOnly ? undefined : status)
  }

  fail(reason: Reason): void {
    this.upstream.last.break(new ProxyError(reason, 'upstream', 'no', ''))
  }

  /** An answer of our own, from above the attempts. */
  refuse(status: number, reason: Reason): void {
    this.#up.head(new ResponseHead(status, '', [], 0, 'proxy', reason))
    this.#up.end()
  }

  /** An answer of a fallback's, in place of a failure. */
  stand(status: number, reason: Reason): void {
    this.#up.head(new ResponseHead(status, '', [], 0, 'fallback', reason))
    this.#up.end()
  }

  /** What the newest attempt put on the wire: the head's fields and its own. */
  get wire(): string[] {
    const request = this.upstream.last.request
    return [...request.headers, ...request.attempt.fields]
  }

  wireField(name: string): string | undefined {
    const { wire } = this
    const at = wire.indexOf(name)
    return at < 0 ? undefined : wire[at + 1]
  }

  /** The last line of the access log. */
  get line(): Record<string, unknown> {
    this.clock.advance(60)
    return JSON.parse(this.accessLog.lines.at(-1) ?? '{}') as Record<string, unknown>
  }

  /** The exposition, classic unless another is asked for. */
  async metrics(accept = ''): Promise<string> {
    return (await this.telemetry.metrics(accept)).text
  }

  /** The value of the one series of that name whose labels hold all of `labels`; undefined when there is none. */
  async metric(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
    const lines = (await this.metrics()).split('\n').filter((line) => {
      if (line.startsWith('#') || !(line.startsWith(`${name}{`) || line.startsWith(`${name} `))) return false
      return Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`))
    })
    if (lines.length > 1) throw new Error(`${name}: ${lines.length} series`)
    return lines[0] === undefined ? undefined : Number(lines[0].slice(lines[0].lastIndexOf(' ') + 1))
  }
}
