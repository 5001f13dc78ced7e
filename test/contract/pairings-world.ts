/** Both wires with nothing between them but checks: a client of one version, an origin of another, each of Node's. */
import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import { SystemClock } from '../../src/core/clock.ts'
import { DateField } from '../../src/core/date-field.ts'
import { Via } from '../../src/core/via.ts'
import { Attempt } from '../../src/core/exchange.ts'
import { TrafficListener } from '../../src/runtime/traffic-listener.ts'
import { Receiver } from '../../src/server/receiver.ts'
import { createRescue } from '../../src/server/rescue.ts'
import { Trust } from '../../src/server/trust.ts'
import { Endpoint } from '../../src/upstream/endpoint.ts'
import { turn } from '../support/raw.ts'
import { Seeded } from '../support/seeded.ts'
import { checkedDispatch } from './checked.ts'
import { matches, pattern } from './exchanges.ts'
import { Ledger } from './ledger.ts'

const LIMITS = {
  maxHeaderBytes: 65_536,
  maxHeaders: 200,
  maxRequestBytes: Number.POSITIVE_INFINITY,
  headTimeout: 10_000,
  idleTimeout: 300_000,
}
const POOL = { maxPerEndpoint: 10, idle: 4000, maxAge: 600_000, http2Streams: 3, believesPeer: false }

export type Version = 'http1' | 'http2'

/** What both versions' streams have in common, of a request on its way out and of an answer on its way in. */
type Out = http.ClientRequest | http2.ClientHttp2Stream
type In = http.IncomingMessage | http2.ClientHttp2Stream
type Asked = http.IncomingMessage | http2.Http2ServerRequest
type Answering = http.ServerResponse | http2.Http2ServerResponse

/** The echo of a request, as its client sees it. */
class Call {
  readonly who: number
  readonly size: number
  #out: Out | undefined
  sent = 0
  left = false
  over = false
  whole = false
  status = 0
  came = 0
  changed = false
  sum: unknown

  constructor(who: number, size: number) {
    this.who = who
    this.size = size
  }

  began(out: Out): void {
    this.#out = out
    out.on('error', () => {})
    out.on('close', () => {
      // Node tells of the end of what came before it tells that it was reset.
      if ('rstCode' in out && out.rstCode !== 0) this.whole = false
      this.over = true
    })
  }

  answered(status: number, answer: In): void {
    this.status = status
    answer.on('data', (chunk: Buffer) => {
      if (status === 200 && !matches(chunk, this.who, this.came)) this.changed = true
      this.came += chunk.length
    })
    answer.on('error', () => {})
    answer.on('end', () => {
      this.whole = !('aborted' in answer && answer.aborted) && !('rstCode' in answer && answer.rstCode !== 0)
      if ('trailers' in answer) this.sum = (answer as http.IncomingMessage).trailers['x-sum']
    })
  }

  /** Returns whether there is more. */
  write(piece: number): boolean {
    const out = this.#out
    if (out === undefined || this.left || out.destroyed || out.writableEnded) return false
    const size = Math.min(piece, this.size - this.sent)
    if (size > 0) out.write(pattern(this.who, this.sent, size))
    this.sent += size
    if (this.sent < this.size) return true
    out.end()
    return false
  }

  leave(): void {
    this.left = true
    this.#out?.destroy()
  }
}

export class PairingWorld {
  readonly problems: string[] = []
  readonly #random: Seeded
  readonly #down: Version
  readonly #up: Version
  readonly #ledger = new Ledger()
  readonly #calls: Call[] = []
  readonly #ends: (() => void)[] = []
  #broken = 0

  constructor(seed: number, down: Version, up: Version) {
    this.#random = new Seeded(seed)
    this.#down = down
    this.#up = up
  }

  async run(): Promise<void> {
    const random = this.#random
    const origin = await this.#origin()
    const defect = (where: string, error: unknown) => this.problems.push(`defect ${where}: ${(error as Error).stack}`)
    const settings = { ...POOL, limits: LIMITS, protocol: this.#up, hostHeader: 'keep', tls: undefined }
    const context = { clock: new SystemClock(), random, violation() {}, defect }
    const endpoint = new Endpoint('127.0.0.1', (origin.address() as AddressInfo).port, 1, settings, context)
    const listener = await this.#listen(endpoint, defect)
    const ask = this.#client(Number(listener.address.split(':')[1]))
    for (let who = 0; who < random.between(1, 8); who++) {
      const call = new Call(who, random.pick([0, 1, 5000, 200_000]))
      this.#calls.push(call)
      ask(call)
    }
    for (let i = random.int(40); i > 0; i--) {
      const call = random.pick(this.#calls)
      const dice = random.int(20)
      if (dice < 10) call.write(random.pick([1, 3000, 60_000]))
      else if (dice < 11) call.leave()
      else await turn()
    }
    await this.#settle()
    for (const end of this.#ends) end()
    await this.#rest(endpoint, listener)
    origin.close()
    this.problems.push(...this.#ledger.breaches, ...this.#ledger.leaks())
  }

  async #settle(): Promise<void> {
    const began = performance.now()
    while (this.#calls.some((call) => !call.over)) {
      for (const call of this.#calls) call.write(60_000)
      await turn()
      if (performance.now() - began < 5000) continue
      for (const { over, who, came, size } of this.#calls)
        if (!over) this.problems.push(`${who} waits: ${came}/${size}`)
      break
    }
    for (const call of this.#calls) this.#judge(call)
  }

  #judge({ who, status, whole, came, size, changed, left, sum }: Call): void {
    if (changed) this.problems.push(`${who} came changed`)
    if (left) return
    if (status === 200 && whole && came !== size) this.problems.push(`${who}: ${came} of ${size} bytes look whole`)
    if (status === 200 && whole && size > 0 && sum !== String(size)) this.problems.push(`${who}: the trailer is ${sum}`)
    if ((status !== 200 || !whole) && this.#broken === 0) this.problems.push(`${who}: ${status}, though nothing broke`)
  }

  async #rest(endpoint: Endpoint, listener: TrafficListener): Promise<void> {
    for (let i = 0; i < 300 && (endpoint.active > 0 || listener.connections > 0); i++) await turn()
    if (endpoint.active > 0) this.problems.push(`${endpoint.active} in use, though nobody asks any more`)
    if (listener.connections > 0) this.problems.push(`${listener.connections} connections are still held`)
    endpoint.close()
    listener.destroy()
    for (let i = 0; i < 300 && endpoint.connections > 0; i++) await turn()
    if (endpoint.connections > 0) this.problems.push(`${endpoint.connections} connections are left`)
  }

  #listen(endpoint: Endpoint, defect: (where: string, error: unknown) => void): Promise<TrafficListener> {
    const wire = checkedDispatch((request, response) => endpoint.dispatch(request, response), 'upstream', this.#ledger)
    const beneath = checkedDispatch(
      (request, response) => wire(request.forAttempt(new Attempt('first', true, false), true), response),
      'beneath rescue',
      this.#ledger,
    )
    const dispatch = checkedDispatch(
      createRescue(new Via('test'), new DateField(new SystemClock()))(beneath),
      'server wire',
      this.#ledger,
    )
    return TrafficListener.open({ host: '127.0.0.1', port: 0 }, 'outbound', 100, (closed) => {
      return new Receiver({
        direction: 'outbound',
        limits: LIMITS,
        clock: new SystemClock(),
        random: this.#random,
        trust: new Trust({ peers: [], sourceHeader: '', sources: [] }),
        pseudonym: 'test',
        dispatch: () => dispatch,
        looped: dispatch,
        lastHop: dispatch,
        draining: () => false,
        refused: (error) => this.problems.push(`refused: ${error.cause}`),
        violation: (how) => this.problems.push(`violation: ${how}`),
        defect,
        closed,
      })
    })
  }

  // ---------------------------------------------------------------- the client

  #client(port: number): (call: Call) => void {
    return this.#down === 'http1' ? this.#http1Client(port) : this.#http2Client(port)
  }

  #http1Client(port: number): (call: Call) => void {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
    this.#ends.push(() => agent.destroy())
    return (call) => {
      const out = http.request({
        agent,
        port,
        host: '127.0.0.1',
        method: 'POST',
        headers: { 't-who': String(call.who) },
      })
      out.on('response', (answer) => {
        call.answered(answer.statusCode ?? 0, answer)
        answer.on('close', () => {
          call.over = true
        })
      })
      call.began(out)
    }
  }

  #http2Client(port: number): (call: Call) => void {
    const session = http2.connect(`http://127.0.0.1:${port}`)
    session.on('error', () => {})
    this.#ends.push(() => session.destroy())
    return (call) => {
      const out = session.request({ ':method': 'POST', ':authority': 'origin', 't-who': String(call.who) })
      out.on('response', (head) => call.answered(Number(head[':status']), out))
      out.on('trailers', (fields) => {
        call.sum = fields['x-sum']
      })
      call.began(out)
    }
  }

  // ---------------------------------------------------------------- the origin

  async #origin(): Promise<Server> {
    const serve = (request: Asked, answer: Answering) => this.#serve(request, answer)
    const server = this.#up === 'http1' ? http.createServer(serve) : http2.createServer(serve)
    const held = new Set<Socket | http2.Http2Session>()
    server.on(this.#up === 'http1' ? 'connection' : 'session', (one: Socket | http2.Http2Session) => {
      held.add(one)
      one.on('error', () => {})
      one.on('close', () => held.delete(one))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#ends.push(() => {
      for (const one of held) one.destroy()
    })
    return server
  }

  /** Sends back what comes, as it comes or when it is whole; sometimes it breaks off. */
  #serve(request: Asked, answer: Answering): void {
    const random = this.#random
    const length = random.chance(0.5)
    const breaks = random.chance(0.08) ? random.int(100_000) : Number.POSITIVE_INFINITY
    let size = 0
    if (random.chance(0.2)) (answer as http.ServerResponse).writeEarlyHints?.({ link: '</a>; rel=preload' })
    answer.setHeader('trailer', 'x-sum')
    const kept: Buffer[] = []
    request.on('error', () => {})
    answer.on('error', () => {})
    const write = (chunk: Buffer): void => void (answer as http.ServerResponse).write(chunk)
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > breaks) {
        this.#broken++
        // The connection, not the stream: Node says END_STREAM before it resets.
        if ('stream' in request) (request as http2.Http2ServerRequest).stream.session?.destroy()
        else request.socket.destroy()
        return
      }
      if (length) kept.push(chunk)
      else write(chunk)
    })
    request.on('end', () => {
      for (const chunk of kept) write(chunk)
      answer.addTrailers({ 'x-sum': String(size) })
      answer.end()
    })
  }
}
