import type { Test } from 'tap'
import { ProxyError } from '../../src/core/errors.ts'
import { Attempt, type RequestBody, type ResponseHandler } from '../../src/core/exchange.ts'
import { HEADERS } from '../../src/http2/frames.ts'
import { type BothVersions, Http2Pool } from '../../src/upstream/http2-pool.ts'
import { FakeClock } from './fake-clock.ts'
import { block, data, headers, type Http2Peer, type Http2RawOrigin, http2RawOrigin } from './http2-raw.ts'
import { turn } from './raw.ts'
import { requestHead } from './stubs.ts'

const LIMITS = { maxHeaderBytes: 65_536, maxHeaders: 200 }

/** For pools whose upstream is spoken to in HTTP/2 alone, and that are sent no upgrade. */
export const HTTP2_ALONE: BothVersions = {
  http1: {
    dispatch() {
      throw new Error('an upgrade over HTTP/1.1')
    },
  },
  http1Required: () => false,
}

interface Options {
  readonly maxPerEndpoint?: number
  readonly http2Streams?: number
  readonly idle?: number
  readonly maxAge?: number
  readonly fraction?: () => number
}

export class World {
  readonly clock = new FakeClock()
  readonly pool: Http2Pool
  readonly defects: string[] = []
  readonly calls: Call[] = []

  constructor(port: number, options: Options = {}) {
    const { maxPerEndpoint = 2, http2Streams = 100, idle = 4000, maxAge = 600_000, fraction = () => 0 } = options
    const settings = { maxPerEndpoint, http2Streams, idle, maxAge, limits: LIMITS, believesPeer: false }
    const context = {
      clock: this.clock,
      random: { fraction, word: () => 0 },
      violation() {},
      defect: (where: string, error: unknown) => void this.defects.push(`${where}: ${error}`),
    }
    this.pool = new Http2Pool('127.0.0.1', port, settings, context, HTTP2_ALONE)
  }

  /** A GET that is whole, unless `open`. */
  ask(options: { open?: boolean; fresh?: boolean; connectTimeout?: number } = {}): Call {
    const head = requestHead({
      method: options.open === true ? 'PUT' : 'GET',
      bodyLength: options.open === true ? -1 : 0,
    })
    const attempt = new Attempt('first', true, options.fresh === true)
    attempt.connectTimeout = options.connectTimeout ?? Number.POSITIVE_INFINITY
    const call = new Call()
    call.body = this.pool.dispatch(head.forAttempt(attempt, true), call, 'origin')
    if (options.open !== true) call.body.end()
    this.calls.push(call)
    return call
  }

  /** Ends everything, and holds that nothing is left. */
  async over(t: Test): Promise<void> {
    for (const call of this.calls) call.body.abort(LEFT)
    this.pool.close()
    for (let i = 0; i < 1000 && this.pool.connections > 0; i++) await turn()
    t.equal(this.pool.connections, 0, 'no connection is left')
    for (let i = 0; i < 100 && this.clock.pending > 0; i++) {
      await turn()
      this.clock.advance(100)
    }
    t.equal(this.clock.pending, 0, 'no timer is left')
    t.strictSame(this.defects, [])
  }
}

export const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'the test left')

export class Call implements ResponseHandler {
  body!: RequestBody
  status = 0
  bytes = 0
  ended = false
  error: ProxyError | undefined
  on: (what: string) => void = () => {}

  get over(): boolean {
    return this.ended || this.error !== undefined
  }

  get failure(): string {
    return this.error === undefined ? '' : `${this.error.reason} ${this.error.retryable}`
  }

  informational(): void {
    this.on('informational')
  }

  head({ status }: { status: number }): void {
    this.status = status
    this.on('head')
  }

  data(chunk: Buffer): void {
    this.bytes += chunk.length
    this.on('data')
  }

  end(): void {
    this.ended = true
    this.on('end')
  }

  fail(error: ProxyError): void {
    this.error = error
    this.on('fail')
  }

  pauseRequest(): void {
    this.on('pauseRequest')
  }

  resumeRequest(): void {
    this.on('resumeRequest')
  }
}

/** Until `holds`, in turns of the event loop. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const began = performance.now()
  while (!holds()) {
    if (performance.now() - began > 5000) throw new Error(`waited in vain for ${what}`)
    await turn()
  }
}

export function silent(t: Test, pairs: readonly (readonly [number, number])[] = []): Promise<Http2RawOrigin> {
  return http2RawOrigin(t, () => {}, { settings: pairs })
}

export function requestsOf(peer: Http2Peer): number[] {
  return peer.frames.filter(({ type }) => type === HEADERS).map(({ id }) => id)
}

export const OK = block([[':status', '200']])

export async function peerOf(origin: Http2RawOrigin, n: number): Promise<Http2Peer> {
  await until(`connection ${n}`, () => origin.peers.length > n)
  return origin.peers[n] as Http2Peer
}

export function everywhere(origin: Http2RawOrigin): number[] {
  return origin.peers.map((peer) => requestsOf(peer).length)
}

/** A whole answer with this body. */
export function respond(peer: Http2Peer, id: number, body: string): void {
  peer.send(headers(id, OK), data(id, body, true))
}
