/** The HTTP/2 client pool over real sockets as a `Dispatch`: askers that do anything, an origin of Node's that does anything. */
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { SystemClock } from '../../src/core/clock.ts'
import type { ProxyError } from '../../src/core/errors.ts'
import type { Dispatch } from '../../src/core/exchange.ts'
import { Endpoint } from '../../src/upstream/endpoint.ts'
import { Http2Pool } from '../../src/upstream/http2-pool.ts'
import { HTTP2_ALONE } from '../support/http2-pool-world.ts'
import type { TlsSettings } from '../../src/upstream/tls-dialer.ts'
import { turn } from '../support/raw.ts'
import { Seeded } from '../support/seeded.ts'
import { type AnswerRecord, Asker } from './asker.ts'
import { checkedDispatch } from './checked.ts'
import { makeRequest, matches, pattern } from './exchanges.ts'
import type { AskerEvent, AskerReaction } from './history.ts'
import { Ledger } from './ledger.ts'

const EVENTS: readonly AskerEvent[] = ['informational', 'head', 'data', 'end', 'fail', 'pauseRequest', 'resumeRequest']
const REACTIONS: readonly AskerReaction[] = ['abort', 'pause', 'resume', 'data', 'end']
const { NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL } = http2.constants

/** What the origin has said of a call; the asker holds it against what it heard. */
class Answer implements AnswerRecord {
  sent = 0
  terminal = ''
  trailers: readonly string[] | undefined
}

/** What the pool says may be sent again must not have been worked on. */
class WireAsker extends Asker {
  error: ProxyError | undefined

  override fail(error: ProxyError): void {
    this.error = error
    super.fail(error)
  }
}

/** The origin and the pool speak TLS; what stands in the pool's place is then the endpoint, which asks by ALPN. */
export interface Secured {
  readonly server: http2.SecureServerOptions
  readonly client: TlsSettings
}

type Pool = Pick<Endpoint, 'active' | 'connections' | 'close'>

/** One world: a pool of two connections, an origin, a few askers at once. */
export class PoolWorld {
  readonly ledger = new Ledger()
  readonly problems: string[] = []
  readonly #random: Seeded
  /** What stands in the pool's place, where a defect is planted. */
  readonly #mutant: (dispatch: Dispatch) => Dispatch
  readonly #secured: Secured | undefined
  readonly #askers: WireAsker[] = []
  readonly #answers: Answer[] = []
  readonly #reactions: { event: AskerEvent; react: AskerReaction }[][] = []
  /** Requests whose head the origin saw, without those that it refused or said it never looked at. */
  readonly #seen = new Map<number, http2.Http2Stream>()
  /** The last stream that is worked on, where a session said GOAWAY. */
  readonly #last = new Map<http2.Http2Session, number>()
  readonly #sessions = new Set<http2.ServerHttp2Session>()

  constructor(seed: number, mutant: (dispatch: Dispatch) => Dispatch = (dispatch) => dispatch, secured?: Secured) {
    this.#random = new Seeded(seed)
    this.#mutant = mutant
    this.#secured = secured
  }

  async run(): Promise<void> {
    const random = this.#random
    const server = await this.#origin()
    const { pool, wire } = this.#pool((server.address() as AddressInfo).port)
    const dispatch = checkedDispatch(this.#mutant(wire), 'pool', this.ledger)
    const count = random.between(1, 8)
    for (let who = 0; who < count; who++) {
      this.#ask(who)
      this.#askers[who]!.ask(dispatch)
      if (random.chance(0.5)) await turn()
    }
    for (let i = random.int(40); i > 0; i--) await this.#step()
    await this.#settle()
    await this.#end(pool, server)
  }

  #pool(port: number): { pool: Pool; wire: Dispatch } {
    const random = this.#random
    const limits = { maxHeaderBytes: 65_536, maxHeaders: 200 }
    const http2Streams = random.pick([1, 3, 100])
    const settings = { maxPerEndpoint: 2, idle: 4000, maxAge: 600_000, believesPeer: false, limits, http2Streams }
    const defect = (where: string, error: unknown) => this.problems.push(`defect ${where}: ${(error as Error).stack}`)
    const context = { clock: new SystemClock(), random, violation() {}, defect }
    if (this.#secured === undefined) {
      const pool = new Http2Pool('127.0.0.1', port, settings, context, HTTP2_ALONE)
      return { pool, wire: (request, response) => pool.dispatch(request, response, 'origin') }
    }
    const protocol = random.pick(['auto', 'http2'] as const)
    const tls = this.#secured.client
    const endpoint = new Endpoint('127.0.0.1', port, 1, { ...settings, protocol, hostHeader: 'origin', tls }, context)
    return { pool: endpoint, wire: (request, response) => endpoint.dispatch(request, response) }
  }

  #ask(who: number): void {
    const random = this.#random
    const method = random.pick(['GET', 'PUT', 'POST', 'HEAD'])
    const bodyLength = method === 'GET' || method === 'HEAD' ? 0 : random.pick([-1, 0, 1, 5000, 400_000])
    const request = makeRequest({ method, bodyLength, headers: ['T-Who', String(who)] })
    const reactions: { event: AskerEvent; react: AskerReaction }[] = []
    if (random.chance(0.4)) reactions.push({ event: random.pick(EVENTS), react: random.pick(REACTIONS) })
    this.#reactions[who] = reactions
    const answers = (call: number) => this.#answers[call] as Answer
    this.#askers[who] = new WireAsker(who, request, answers, reactions, random.chance(0.5))
  }

  async #step(): Promise<void> {
    const random = this.#random
    const asker = random.pick(this.#askers)
    const dice = random.int(23)
    if (dice < 6) asker.send(random.pick([1, 100, 20_000]))
    else if (dice < 9) asker.finish(random.chance(0.3))
    else if (dice < 10) asker.abort()
    else if (dice < 12) asker.pause()
    else if (dice < 14) asker.resume()
    else if (dice < 15) this.#resettle()
    else await turn()
  }

  /** SETTINGS in mid-flight: fewer and more streams, smaller and larger windows. */
  #resettle(): void {
    const random = this.#random
    for (const session of this.#sessions) {
      if (session.closed || session.destroyed) continue
      session.settings({
        maxConcurrentStreams: random.pick([1, 2, 100]),
        initialWindowSize: random.pick([3000, 65_535, 1_000_000]),
      })
    }
  }

  /** Everybody comes to an end: bodies are sent as far as they may be, answers are read. */
  async #settle(): Promise<void> {
    for (const list of this.#reactions) list.length = 0
    const began = performance.now()
    while (this.#askers.some(({ over }) => !over)) {
      for (const asker of this.#askers) {
        if (asker.responsePaused) asker.resume()
        if (!asker.over && !asker.requestPaused) asker.finish(false)
      }
      await turn()
      if (performance.now() - began > 4000) {
        for (const { over, who } of this.#askers) if (!over) this.problems.push(`asker ${who} waits for ever`)
        break
      }
    }
    for (const asker of this.#askers) {
      this.problems.push(...asker.problems.map((problem) => `asker ${asker.who}: ${problem}`))
      this.#judgeError(asker)
    }
  }

  #judgeError({ error, who, headSeen }: WireAsker): void {
    if (error === undefined || error.source === 'downstream') return
    if (headSeen !== undefined && error.retryable !== 'no')
      this.problems.push(`${who}: ${error.retryable} after a head`)
    if (error.retryable.startsWith('unsent') && this.#seen.has(who)) {
      this.problems.push(`${who}: ${error.retryable} (${error.cause}), and the origin has it`)
    }
  }

  async #end(pool: Pool, server: http2.Http2Server | http2.Http2SecureServer): Promise<void> {
    for (let i = 0; i < 50 && pool.active > 0; i++) await turn()
    if (pool.active > 0) this.problems.push(`${pool.active} in use, though nobody asks any more`)
    pool.close()
    for (let i = 0; i < 500 && pool.connections > 0; i++) await turn()
    if (pool.connections > 0) this.problems.push(`${pool.connections} connections are left`)
    for (const session of this.#sessions) session.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    this.problems.push(...this.ledger.breaches, ...this.ledger.leaks())
  }

  // ---------------------------------------------------------------- the origin

  async #origin(): Promise<http2.Http2Server | http2.Http2SecureServer> {
    const random = this.#random
    const settings = {
      maxConcurrentStreams: random.pick([1, 3, 100, 100]),
      initialWindowSize: random.pick([10_000, 65_535, 65_535]),
    }
    const server =
      this.#secured === undefined
        ? http2.createServer({ settings })
        : http2.createSecureServer({ ...this.#secured.server, settings })
    server.on('session', (session: http2.ServerHttp2Session) => {
      this.#sessions.add(session)
      session.on('error', () => {})
      session.on('close', () => this.#sessions.delete(session))
    })
    server.on('stream', (stream: http2.Http2Stream, headers: http2.IncomingHttpHeaders) =>
      this.#serve(stream as http2.ServerHttp2Stream, headers),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return server
  }

  #serve(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    const random = this.#random
    const who = Number(headers['t-who'])
    stream.on('error', () => {})
    // Node ends a stream without an end of its own by destroying it.
    stream.on('aborted', () => stream.close(NGHTTP2_CANCEL))
    if (random.chance(0.05)) {
      stream.close(NGHTTP2_REFUSED_STREAM)
      return
    }
    const session = stream.session as http2.Http2Session
    if (stream.id! > (this.#last.get(session) ?? Number.POSITIVE_INFINITY)) return
    this.#seen.set(who, stream)
    // Node takes 0 for the last stream that it has seen.
    if (stream.id! > 1 && random.chance(0.06)) {
      this.#goaway(session, stream.id! - 2)
      return
    }
    if (random.chance(0.05)) {
      // An answer that does not wait for the request.
      stream.resume()
      void this.#answer(stream, headers[':method'] as string)
      return
    }
    let received = 0
    let trailers: http2.IncomingHttpHeaders = {}
    stream.on('trailers', (fields) => {
      trailers = fields
    })
    stream.on('data', (chunk: Buffer) => {
      if (!matches(chunk, who, received)) this.problems.push(`request ${who} came changed`)
      received += chunk.length
    })
    stream.on('end', () => {
      if (stream.aborted || stream.destroyed) return
      this.#judge(who, received, trailers['x-request-trailer'])
      void this.#answer(stream, headers[':method'] as string)
    })
  }

  /** This stream and those above it were never looked at; those below are served. */
  #goaway(session: http2.Http2Session, last: number): void {
    this.#last.set(session, last)
    session.goaway(this.#random.chance(0.7) ? NGHTTP2_NO_ERROR : NGHTTP2_INTERNAL_ERROR, last)
    for (const [who, seen] of this.#seen) if (seen.session === session && seen.id! > last) this.#seen.delete(who)
  }

  #judge(who: number, received: number, trailer: string | string[] | undefined): void {
    const asker = this.#askers[who]
    if (asker === undefined) this.problems.push('a request that nobody sent')
    else if (!asker.ended && asker.sent !== asker.request.bodyLength)
      this.problems.push(`request ${who} came whole before it was`)
    else if (received !== asker.sent) this.problems.push(`${received} of ${asker.sent} bytes of request ${who}`)
    else if (String(trailer ?? '') !== String(asker.trailers?.[1] ?? '')) this.problems.push('other trailers')
  }

  async #answer(stream: http2.ServerHttp2Stream, method: string): Promise<void> {
    const random = this.#random
    if (stream.destroyed || stream.closed) return
    if (random.chance(0.08)) return this.#leave(stream)
    const number = Math.max(this.#answers.length, 1)
    const record = new Answer()
    this.#answers[number] = record
    if (random.chance(0.2)) stream.additionalHeaders({ ':status': 103, link: '</a>' })
    const size = random.pick([0, 1, 5000, 300_000])
    const head: http2.OutgoingHttpHeaders = { ':status': 200, 'x-call': String(number) }
    if (random.chance(0.5)) head['content-length'] = String(size)
    if (method === 'HEAD' || (size === 0 && random.chance(0.5))) {
      record.terminal = 'end'
      stream.respond(head, { endStream: true })
      return
    }
    const trailers = random.chance(0.3)
    stream.respond(head, { waitForTrailers: trailers })
    if (trailers) {
      record.trailers = ['x-sum', '1']
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1' }))
    }
    for (let at = 0; at < size; ) {
      if (stream.destroyed) return
      if (random.chance(0.02)) return this.#leave(stream)
      const piece = Math.min(random.pick([1000, 50_000]), size - at)
      stream.write(pattern(number, at, piece))
      at += piece
      record.sent = at
      if (random.chance(0.2)) await turn()
    }
    record.terminal = 'end'
    stream.end()
  }

  /** Not in the tick that wrote: Node 26 ends by std::bad_alloc where a stream is closed on what is not out yet. */
  async #leave(stream: http2.ServerHttp2Stream): Promise<void> {
    const random = this.#random
    // Node says END_STREAM before it resets: only a length tells that the answer was not whole.
    const dice = stream.sentHeaders?.['content-length'] === undefined && stream.headersSent ? 9 : random.int(10)
    const code = random.pick([NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR])
    await turn()
    if (dice < 6) stream.close(code)
    else if (dice < 8) {
      stream.session?.close()
      stream.close(code)
    } else stream.session?.destroy()
  }
}
