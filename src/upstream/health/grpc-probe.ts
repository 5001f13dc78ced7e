/**
 * Asks a gRPC server how it is: one `grpc.health.v1.Health/Check` on a connection of its own, so that what is tested is the
 * whole way and a pooled connection in trouble is not taken for the server. http2-wrapper is loaded by the first probe.
 */
import type { ClientHttp2Session, ClientRequest, IncomingMessage } from 'http2-wrapper'
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import { GRPC_STATUS, NO_STATUS, statusIn, statusOfHttp } from '../../core/grpc-status.ts'
import { H2 } from '../../net/lazy-tls.ts'
import { decodeStatus, encodeCheck } from './check-message.ts'
import { dial, type ProbeTarget } from './probe.ts'

/**
 * `unimplemented`: it speaks gRPC and has no health service. `no_answer`: nothing came in time, or nothing that is gRPC.
 */
export type GrpcHealth = 'serving' | 'not_serving' | 'unimplemented' | 'no_answer'

export interface GrpcAnswer {
  readonly health: GrpcHealth
  /** In words, for the log. */
  readonly why: string
}

export interface GrpcProbe extends ProbeTarget {
  /** The `:authority` it is asked under. */
  readonly authority: string
  /** Whose health is asked for; '' the server's as a whole. */
  readonly service: string
  /** ms for all of it, connecting included. */
  readonly timeout: number
}

const PATH = '/grpc.health.v1.Health/Check'
/** The answer is seven bytes long; who sends this many speaks of something else. */
const MOST_BYTES = 4096

const ONLY_HTTP2 = [H2]

const OK = 0
const NOT_FOUND = 5
const UNIMPLEMENTED = 12

/** Never rejects: a server that cannot be asked is an answer, too. `signal`: nobody wants to know any more. */
export async function probeGrpc(probe: GrpcProbe, clock: Clock, signal?: AbortSignal): Promise<GrpcAnswer> {
  const { default: http2 } = await import('http2-wrapper')
  const { authority, service, timeout, tls } = probe
  const scheme = tls === undefined ? 'http' : 'https'
  const session = http2.connect(`${scheme}://${authority}`, { createConnection: () => dial(probe, ONLY_HTTP2) })
  const request = http2.request({
    h2session: session,
    method: 'POST',
    path: PATH,
    headers: {
      ':authority': authority,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': `${Math.min(99_999_999, Math.max(1, Math.round(timeout)))}m`,
    },
  })
  const asked = new Asked(session, request, clock, timeout)
  signal?.addEventListener('abort', () => asked.giveUp(), { once: true })
  if (signal?.aborted === true) asked.giveUp()
  request.end(encodeCheck(service))
  return asked.answer
}

/** One question on its way. Whatever comes first ends it, and the connection with it. */
class Asked implements Timed {
  readonly answer: Promise<GrpcAnswer>
  readonly #resolve: (answer: GrpcAnswer) => void
  readonly #session: ClientHttp2Session
  readonly #clock: Clock
  readonly #timer: Timer
  readonly #timeout: number
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(session: ClientHttp2Session, request: ClientRequest, clock: Clock, timeout: number) {
    const { promise, resolve } = Promise.withResolvers<GrpcAnswer>()
    this.answer = promise
    this.#resolve = resolve
    this.#session = session
    this.#clock = clock
    this.#timeout = timeout
    this.#timer = clock.schedule(timeout, this)
    session.on('error', (error) => this.#end('no_answer', error.message))
    request.on('error', (error) => this.#end('no_answer', error.message))
    request.on('response', (response) => this.#read(response))
  }

  giveUp(): void {
    this.#end('no_answer', 'nobody wants to know any more')
  }

  expired(): void {
    this.#end('no_answer', `nothing came within ${this.#timeout} ms`)
  }

  #read(response: IncomingMessage): void {
    response.on('error', (error) => this.#end('no_answer', error.message))
    response.on('aborted', () => this.#end('no_answer', 'the answer broke off'))
    response.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length
      if (this.#bytes > MOST_BYTES)
        this.#end('no_answer', `more than ${MOST_BYTES} bytes came, which is no health check`)
      else this.#chunks.push(chunk)
    })
    response.on('end', () => this.#judge(response))
  }

  #judge(response: IncomingMessage): void {
    const code = codeOf(response)
    const name = GRPC_STATUS[code] as string
    if (code === UNIMPLEMENTED) this.#end('unimplemented', 'the server has no health service')
    else if (code === NOT_FOUND) this.#end('not_serving', 'the server does not know this service')
    else if (code === NO_STATUS) this.#end('no_answer', 'the answer has no grpc-status')
    else if (code !== OK) this.#end('not_serving', `the server answered ${name}`)
    else this.#judgeMessage()
  }

  #judgeMessage(): void {
    const status = decodeStatus(Buffer.concat(this.#chunks))
    if (status === 'SERVING') this.#end('serving', 'the server says SERVING')
    else if (status === undefined) this.#end('no_answer', 'the answer is no HealthCheckResponse')
    else this.#end('not_serving', `the server says ${status}`)
  }

  #end(health: GrpcHealth, why: string): void {
    this.#clock.cancel(this.#timer)
    this.#session.destroy()
    this.#resolve({ health, why })
  }
}

/** In the head where there is nothing else, else in the trailers; without one, what its HTTP status stands for. */
function codeOf({ statusCode = 0, headers, trailers }: IncomingMessage): number {
  const said = headers['grpc-status'] ?? trailers['grpc-status']
  if (said !== undefined) return statusIn(['grpc-status', String(said)])
  return statusCode === 200 ? NO_STATUS : statusOfHttp(statusCode)
}
