/** The HTTP/1.1 server wire over real sockets: clients that do anything above, an answerer that does anything beneath. */
import t from 'tap'
import { SystemClock } from '../../src/core/clock.ts'
import { DateField } from '../../src/core/date-field.ts'
import { get } from '../../src/core/headers.ts'
import { TrafficListener } from '../../src/runtime/traffic-listener.ts'
import { Receiver } from '../../src/server/receiver.ts'
import { Via } from '../../src/core/via.ts'
import { createRescue } from '../../src/server/rescue.ts'
import { Trust } from '../../src/server/trust.ts'
import { connect, type RawSocket, turn } from '../support/raw.ts'
import { type Message, readResponse, values } from '../support/read-message.ts'
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

/** A request as a client writes it, bit by bit. */
class Written implements RequestRecord {
  readonly who: number
  readonly method: string
  sent = 0
  ended = false
  trailers: readonly string[] | undefined
  readonly parts: { bytes: Buffer; body: number; last: boolean }[] = []

  constructor(who: number, random: Seeded) {
    this.who = who
    this.method = random.pick(['GET', 'HEAD', 'POST', 'PUT'])
    const size = this.method === 'GET' || this.method === 'HEAD' ? 0 : random.pick([0, 1, 5000, 500_000])
    const chunked = size > 0 && random.chance(0.5)
    const fields = [`T-Who: ${who}`]
    if (chunked) fields.push('Transfer-Encoding: chunked')
    else if (size > 0) fields.push(`Content-Length: ${size}`)
    if (size > 0 && random.chance(0.2)) fields.push('Expect: 100-continue')
    if (random.chance(0.1)) fields.push('Connection: close')
    this.#part(`${this.method} /${who} HTTP/1.1\r\nHost: a\r\n${fields.join('\r\n')}\r\n\r\n`, 0, size === 0)
    for (let at = 0; at < size; ) {
      const piece = Math.min(random.pick([700, 60_000]), size - at)
      const body = pattern(who, at, piece)
      const frame = Buffer.from(`${piece.toString(16)}\r\n`)
      const bytes = chunked ? Buffer.concat([frame, body, Buffer.from('\r\n')]) : body
      at += piece
      this.#part(bytes, piece, !chunked && at === size)
    }
    if (!chunked) return
    this.trailers = random.chance(0.4) ? ['X-Sum', '1'] : undefined
    this.#part(this.trailers === undefined ? '0\r\n\r\n' : '0\r\nX-Sum: 1\r\n\r\n', 0, true)
  }

  #part(bytes: string | Buffer, body: number, last: boolean): void {
    this.parts.push({ bytes: Buffer.from(bytes), body, last })
  }
}

/** One connection, its requests behind each other. */
class WireClient {
  readonly socket: RawSocket
  readonly requests: Written[]
  /** It went away, or half-closed, by its own doing. */
  left = false
  readonly answers: Message[] = []
  #at = 0
  #read = 0

  constructor(socket: RawSocket, requests: Written[]) {
    this.socket = socket
    this.requests = requests
  }

  /** Writes the next part; false when all is written. */
  write(pieces: number): boolean {
    for (let i = 0; i < pieces; i++) {
      const request = this.requests[this.#at]
      if (request === undefined || this.left) return false
      const part = request.parts.shift()
      if (part === undefined) {
        this.#at++
        continue
      }
      // Known as sent before it can be there.
      request.sent += part.body
      request.ended ||= part.last
      this.socket.send(part.bytes)
    }
    return true
  }

  read(): void {
    for (;;) {
      const request = this.requests[this.answers.length]
      if (request === undefined) return
      const { received, ending } = this.socket
      const answer = readResponse(received, { method: request.method, from: this.#read, closed: ending === 'fin' })
      if (answer === undefined) return
      this.#read = answer.next
      this.answers.push(answer)
    }
  }

  get done(): boolean {
    return this.left || this.socket.ending !== 'open' || this.answers.length === this.requests.length
  }
}

class World {
  readonly problems: string[] = []
  readonly #random: Seeded
  readonly #ledger = new Ledger()
  readonly #written = new Map<number, Written>()
  readonly #answerer = new Answerer((request) => this.#written.get(Number(get(request.headers, 't-who'))))
  readonly #clients: WireClient[] = []

  constructor(seed: number) {
    this.#random = new Seeded(seed)
  }

  async run(): Promise<void> {
    const listener = await this.#listen()
    const port = Number(listener.address.split(':')[1])
    await this.#connect(port)
    for (let i = this.#random.between(5, 60); i > 0; i--) await this.#step()
    await this.#settle()
    for (const { socket } of this.#clients) socket.destroy()
    for (let i = 0; i < 50 && listener.connections > 0; i++) await turn()
    if (listener.connections > 0) this.problems.push(`${listener.connections} connections are still held`)
    listener.destroy()
    this.problems.push(...this.#answerer.problems, ...this.#ledger.breaches, ...this.#ledger.leaks())
  }

  #listen(): Promise<TrafficListener> {
    const beneath = checkedDispatch(this.#answerer.dispatch, 'beneath rescue', this.#ledger)
    const dispatch = checkedDispatch(
      createRescue(new Via('test'), new DateField(new SystemClock()))(beneath),
      'server wire',
      this.#ledger,
    )
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
        refused: (error) => this.problems.push(`refused: ${error.cause}`),
        violation() {},
        defect: (where, error) => this.problems.push(`defect ${where}: ${(error as Error).stack}`),
        closed,
      })
    })
  }

  async #connect(port: number): Promise<void> {
    const random = this.#random
    let who = 0
    for (let i = random.between(1, 3); i > 0; i--) {
      const requests = Array.from({ length: random.between(1, 3) }, () => new Written(++who, random))
      for (const request of requests) this.#written.set(request.who, request)
      this.#clients.push(new WireClient(await connect(port), requests))
    }
  }

  async #step(): Promise<void> {
    const random = this.#random
    const client = random.pick(this.#clients)
    const dice = random.int(40)
    if (dice < 12) client.write(random.pick([1, 1, 5, 30]))
    else if (dice < 13) this.#leave(client)
    else if (dice < 15) client.socket.socket.pause()
    else if (dice < 17) client.socket.socket.resume()
    else if (dice < 19) this.#answerer.reactions.push({ event: random.pick(EVENTS), react: random.pick(REACTIONS) })
    else if (dice < 30) this.#answer()
    else await turn()
  }

  #leave(client: WireClient): void {
    client.left = true
    const how = this.#random.int(3)
    if (how === 0) client.socket.destroy()
    else if (how === 1) client.socket.reset()
    else client.socket.halfClose()
  }

  #answer(): void {
    const random = this.#random
    const { running } = this.#answerer
    if (running.length === 0) return
    const call = random.pick(running)
    const dice = random.int(20)
    if (dice < 2) call.early(103)
    else if (dice < 6) call.head(random.pick([200, 204, 304, 404, 503]), random.pick([-1, -1, 0, 5000]))
    else if (dice < 11) call.answer(random.pick([1, 5000, 30_000]))
    else if (dice < 14) call.done(random.chance(0.3))
    else if (dice < 15) call.break('upstream_reset', 'no')
    else if (dice < 17) call.hold()
    else call.go()
  }

  /** Everybody reads, writes all that is left, and every call comes to its end. */
  async #settle(): Promise<void> {
    this.#answerer.reactions.length = 0
    for (const { socket } of this.#clients) socket.socket.resume()
    const began = performance.now()
    for (;;) {
      let writing = false
      for (const client of this.#clients) {
        writing = client.write(4) || writing
        client.read()
      }
      for (const call of this.#answerer.running) this.#finish(call)
      await turn()
      const done = !writing && this.#clients.every((client) => client.done) && this.#answerer.running.length === 0
      if (done) break
      if (performance.now() - began > 4000) {
        this.problems.push(`G5 a stall: ${this.#answerer.running.length} calls run, ${this.#stalled()}`)
        break
      }
    }
    for (const client of this.#clients) this.#judge(client)
  }

  #finish(call: AnswererCall): void {
    if (call.requestPaused) call.go()
    if (call.requestEnded && !call.responsePaused) call.done(false)
  }

  #stalled(): string {
    const waiting = this.#clients.filter((client) => !client.done)
    return waiting.map(({ answers, requests }) => `${answers.length} of ${requests.length} answers`).join(', ')
  }

  #judge(client: WireClient): void {
    for (const [i, answer] of client.answers.entries()) {
      const call = this.#answerer.calls[Number(values(answer, 'x-call')[0]) - 1]
      if (call === undefined) {
        const reason = values(answer, 'x-outrigger-reason')[0]
        if (reason !== 'upstream_reset') this.problems.push(`answer ${i} is nobody's: ${answer.start}`)
      } else this.#judgeAnswer(client, i, answer, call)
    }
  }

  #judgeAnswer(client: WireClient, i: number, answer: Message, call: AnswererCall): void {
    const who = Number(get(call.request.headers, 't-who'))
    if (who !== client.requests[i]?.who) this.problems.push(`answer ${i} is that to request ${who}`)
    // With a length, or without a body, the client has all of it before the end is said.
    if (call.terminal !== 'end' && answer.framing === 'chunked') {
      this.problems.push(`answer ${i} looks whole, but was "${call.terminal}"`)
    }
    if (answer.body.length !== call.sent)
      this.problems.push(`answer ${i} has ${answer.body.length} of ${call.sent} bytes`)
    if (!matches(answer.body, call.number, 0)) this.problems.push(`answer ${i} came changed`)
    const trailers = answer.framing === 'chunked' ? (call.trailers ?? []) : []
    if (String(answer.trailers) !== String(trailers)) this.problems.push(`answer ${i} has other trailers`)
  }
}

t.test('the server wire keeps the contract through generated histories over real sockets', async (t) => {
  const last = Number(process.env.CONTRACT_RUNS ?? 150)
  const failures: string[] = []
  for (let seed = 1; seed <= last && failures.length < 3; seed++) {
    const world = new World(seed)
    await world.run()
    if (world.problems.length > 0) failures.push(`seed ${seed}: ${world.problems.slice(0, 3).join(' | ')}`)
  }
  t.strictSame(failures, [])
})
