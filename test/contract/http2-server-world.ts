/** The HTTP/2 server wire over real sockets: clients of Node's that do anything above, an answerer that does anything beneath. */
import http2 from 'node:http2'
import { SystemClock } from '../../src/core/clock.ts'
import { DateField } from '../../src/core/date-field.ts'
import type { ProxyError } from '../../src/core/errors.ts'
import type { Dispatch } from '../../src/core/exchange.ts'
import { get } from '../../src/core/headers.ts'
import { Via } from '../../src/core/via.ts'
import { TrafficListener } from '../../src/runtime/traffic-listener.ts'
import { Receiver } from '../../src/server/receiver.ts'
import { createRescue } from '../../src/server/rescue.ts'
import { Trust } from '../../src/server/trust.ts'
import { turn } from '../support/raw.ts'
import { Seeded } from '../support/seeded.ts'
import { Answerer, type AnswererCall, type RequestRecord } from './answerer.ts'
import { checkedDispatch } from './checked.ts'
import { matches, pattern } from './exchanges.ts'
import type { AnswererEvent, AnswererReaction } from './history.ts'
import { Ledger } from './ledger.ts'

const LIMITS = {
  maxHeaderBytes: 65_536,
  maxHeaders: 200,
  maxRequestBytes: Number.POSITIVE_INFINITY,
  headTimeout: 10_000,
  idleTimeout: 300_000,
}
const EVENTS: readonly AnswererEvent[] = ['data', 'end', 'pauseResponse', 'resumeResponse']
const REACTIONS: readonly AnswererReaction[] = ['hold', 'go', 'break', 'head', 'data', 'answer', 'early-hint']
const { NGHTTP2_CANCEL } = http2.constants

/** One request, written bit by bit, and what comes back for it. */
class ClientStream implements RequestRecord {
  readonly who: number
  readonly #size: number
  readonly #declared: boolean
  readonly #method: string
  #stream: http2.ClientHttp2Stream | undefined
  session: http2.ClientHttp2Session | undefined
  sent = 0
  ended = false
  trailers: readonly string[] | undefined
  /** It gave up by its own doing. */
  left = false
  /** What it says from now on is not what it meant. */
  torn = false
  closed = false
  head: http2.IncomingHttpHeaders | undefined
  body: Buffer[] = []
  answerTrailers: http2.IncomingHttpHeaders = {}
  /** END_STREAM came. */
  whole = false

  constructor(who: number, random: Seeded) {
    this.who = who
    this.#method = random.pick(['GET', 'HEAD', 'POST', 'PUT'])
    this.#size = this.#method === 'GET' || this.#method === 'HEAD' ? 0 : random.pick([0, 1, 5000, 300_000])
    this.#declared = random.chance(0.5)
    this.trailers = !this.#declared && this.#size > 0 && random.chance(0.4) ? ['x-sum', '1'] : undefined
  }

  open(session: http2.ClientHttp2Session): void {
    const headers: http2.OutgoingHttpHeaders = {
      ':method': this.#method,
      ':path': `/${this.who}`,
      ':authority': 'a',
      't-who': String(this.who),
    }
    if (this.#declared && this.#size > 0) headers['content-length'] = String(this.#size)
    const endStream = this.#size === 0 && this.#declared
    if (endStream) this.ended = true
    const stream = session.request(headers, { endStream, waitForTrailers: this.trailers !== undefined })
    this.#stream = stream
    this.session = session
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1' }))
    stream.on('response', (head) => {
      this.head = head
    })
    stream.on('trailers', (fields) => {
      this.answerTrailers = fields
    })
    stream.on('data', (chunk: Buffer) => this.body.push(chunk))
    stream.on('end', () => {
      this.whole = !stream.aborted && stream.rstCode === 0
    })
    stream.on('error', () => {})
    stream.on('close', () => {
      if (stream.rstCode !== 0) this.whole = false
      this.closed = true
    })
  }

  /** Writes the next pieces; false when all is written. */
  write(random: Seeded, pieces: number): boolean {
    const stream = this.#stream
    if (stream === undefined || this.ended || this.left || stream.destroyed || stream.closed) return false
    for (let i = 0; i < pieces && this.sent < this.#size; i++) {
      const piece = Math.min(random.pick([700, 60_000]), this.#size - this.sent)
      const chunk = pattern(this.who, this.sent, piece)
      // Known as sent before it can be there.
      this.sent += piece
      stream.write(chunk)
    }
    if (this.sent < this.#size) return true
    this.ended = true
    stream.end()
    return false
  }

  pause(): void {
    this.#stream?.pause()
  }

  resume(): void {
    this.#stream?.resume()
  }

  leave(): void {
    this.left = true
    // Node says END_STREAM before it resets, whether all was written or not.
    this.torn = !this.ended
    this.#stream?.close(NGHTTP2_CANCEL)
  }
}

export class ServerWorld {
  readonly problems: string[] = []
  readonly #random: Seeded
  readonly #mutant: (dispatch: Dispatch) => Dispatch
  readonly #ledger = new Ledger()
  readonly #streams = new Map<number, ClientStream>()
  readonly #answerer = new Answerer((request) => {
    const stream = this.#streams.get(Number(get(request.headers, 't-who')))
    return stream?.torn === true ? undefined : stream
  })
  readonly #sessions: http2.ClientHttp2Session[] = []

  constructor(seed: number, mutant: (dispatch: Dispatch) => Dispatch = (dispatch) => dispatch) {
    this.#random = new Seeded(seed)
    this.#mutant = mutant
  }

  async run(): Promise<void> {
    const random = this.#random
    const listener = await this.#listen()
    const port = Number(listener.address.split(':')[1])
    for (let i = random.between(1, 3); i > 0; i--) this.#connect(port)
    for (let i = random.between(5, 60); i > 0; i--) await this.#step()
    await this.#settle()
    for (const session of this.#sessions) session.destroy()
    for (let i = 0; i < 200 && listener.connections > 0; i++) await turn()
    if (listener.connections > 0) this.problems.push(`${listener.connections} connections are still held`)
    listener.destroy()
    // A request that its client tore is answered by rescue, as malformed.
    const breaches = this.#ledger.breaches.filter((breach) => !breach.includes('abort protocol_error_downstream'))
    this.problems.push(...this.#answerer.problems, ...breaches, ...this.#ledger.leaks())
  }

  #listen(): Promise<TrafficListener> {
    const beneath = checkedDispatch(this.#answerer.dispatch, 'beneath rescue', this.#ledger)
    const rescue = createRescue(new Via('test'), new DateField(new SystemClock()))(beneath)
    const dispatch = this.#mutant(checkedDispatch(rescue, 'server wire', this.#ledger))
    const trust = new Trust({ peers: [], sourceHeader: '', sources: [] })
    return TrafficListener.open({ host: '127.0.0.1', port: 0 }, 'inbound', 100, (closed) => {
      return new Receiver({
        direction: 'outbound',
        limits: LIMITS,
        clock: new SystemClock(),
        random: this.#random,
        trust,
        pseudonym: 'test',
        dispatch: () => dispatch,
        looped: dispatch,
        lastHop: dispatch,
        draining: () => false,
        refused: (error) => this.#refused(error),
        violation() {},
        defect: (where, error) => this.problems.push(`defect ${where}: ${(error as Error).stack}`),
        closed,
      })
    })
  }

  #refused({ cause }: ProxyError): void {
    const torn = [...this.#streams.values()].some((stream) => stream.torn)
    if (!torn || !cause.startsWith('less DATA')) this.problems.push(`refused: ${cause}`)
  }

  #connect(port: number): void {
    const random = this.#random
    const settings = { initialWindowSize: random.pick([3000, 65_535, 1_000_000]) }
    const session = http2.connect(`http://127.0.0.1:${port}`, { settings })
    session.on('error', () => {})
    this.#sessions.push(session)
    for (let i = random.between(1, 4); i > 0; i--) {
      const stream = new ClientStream(this.#streams.size + 1, random)
      this.#streams.set(stream.who, stream)
      stream.open(session)
    }
  }

  async #step(): Promise<void> {
    const random = this.#random
    const stream = random.pick([...this.#streams.values()])
    const dice = random.int(41)
    if (dice < 12) stream.write(random, random.pick([1, 1, 5, 30]))
    else if (dice < 13) stream.leave()
    else if (dice < 15) stream.pause()
    else if (dice < 17) stream.resume()
    else if (dice < 19) this.#answerer.reactions.push({ event: random.pick(EVENTS), react: random.pick(REACTIONS) })
    else if (dice < 30) this.#answer()
    else if (dice < 31) this.#session()
    else await turn()
  }

  /** What concerns all streams of a client: other windows in mid-flight, or its end. */
  #session(): void {
    const random = this.#random
    const session = random.pick(this.#sessions)
    if (session.destroyed || session.closed) return
    const dice = random.int(10)
    if (dice < 6) session.settings({ initialWindowSize: random.pick([0, 1000, 65_535, 500_000]) })
    else if (dice < 8) session.ping(() => {})
    else if (dice < 9) session.close()
    else {
      for (const stream of this.#streams.values()) if (stream.session === session) stream.leave()
      session.destroy()
    }
  }

  #answer(): void {
    const random = this.#random
    const { running } = this.#answerer
    if (running.length === 0) return
    const call = random.pick(running)
    const dice = random.int(20)
    if (dice < 2) call.early(103)
    else if (dice < 6) call.head(random.pick([200, 204, 304, 404, 503]), random.pick([-1, -1, 0, 5000]))
    else if (dice < 11) {
      if (random.chance(0.5)) call.head(200, -1)
      for (let i = random.between(1, 3); i > 0; i--) call.answer(random.pick([1, 5000, 30_000]))
    } else if (dice < 14) call.done(random.chance(0.3))
    else if (dice < 15) call.break('upstream_reset', 'no')
    else if (dice < 17) call.hold()
    else call.go()
  }

  /** Everybody reads, writes all that is left, and every call comes to its end. */
  async #settle(): Promise<void> {
    this.#answerer.reactions.length = 0
    for (const session of this.#sessions) {
      if (!session.destroyed) session.settings({ initialWindowSize: 65_535 })
    }
    const streams = [...this.#streams.values()]
    const began = performance.now()
    for (;;) {
      let writing = false
      for (const stream of streams) {
        stream.resume()
        writing = stream.write(this.#random, 4) || writing
      }
      for (const call of this.#answerer.running) this.#finish(call)
      await turn()
      if (!writing && streams.every((stream) => stream.closed) && this.#answerer.running.length === 0) break
      if (performance.now() - began > 4000) {
        const open = streams.filter((stream) => !stream.closed).map(({ who }) => who)
        this.problems.push(`G5 a stall: ${this.#answerer.running.length} calls run, streams ${open} are open`)
        break
      }
    }
    for (const stream of streams) this.#judge(stream)
  }

  #finish(call: AnswererCall): void {
    if (call.requestPaused) call.go()
    if (call.requestEnded && !call.responsePaused) call.done(false)
  }

  #judge(stream: ClientStream): void {
    const { head, who } = stream
    if (head === undefined || stream.left) return
    const call = this.#answerer.calls[Number(head['x-call']) - 1]
    if (call === undefined) {
      if (head['x-outrigger-reason'] !== 'upstream_reset') this.problems.push(`answer ${who} is nobody's`)
      return
    }
    if (Number(get(call.request.headers, 't-who')) !== who) this.problems.push(`answer ${who} is another's`)
    const body = Buffer.concat(stream.body)
    if (!matches(body, call.number, 0)) this.problems.push(`answer ${who} came changed`)
    if (!stream.whole) return
    if (call.terminal !== 'end') this.problems.push(`answer ${who} looks whole, but was "${call.terminal}"`)
    if (body.length !== call.sent) this.problems.push(`answer ${who} has ${body.length} of ${call.sent} bytes`)
    const trailer = call.trailers?.[1]
    if (String(stream.answerTrailers['x-answer-trailer'] ?? '') !== String(trailer ?? '')) {
      this.problems.push(`answer ${who} has other trailers`)
    }
  }
}
