/** The HTTP/1.1 client pool over real sockets as a `Dispatch`: askers that do anything, origins that do anything. */
import t from 'tap'
import { SystemClock } from '../../src/core/clock.ts'
import { Pool } from '../../src/upstream/pool.ts'
import { services, startProxy } from '../support/proxy.ts'
import { connect, turn } from '../support/raw.ts'
import { answering, type OriginPeer, type RawOrigin, startRawOrigin } from '../support/raw-origin.ts'
import { type Message, values } from '../support/read-message.ts'
import { Seeded } from '../support/seeded.ts'
import { type AnswerRecord, Asker } from './asker.ts'
import { checkedDispatch } from './checked.ts'
import { makeRequest, matches, pattern } from './exchanges.ts'
import type { AskerEvent, AskerReaction } from './history.ts'
import { Ledger } from './ledger.ts'

const EVENTS: readonly AskerEvent[] = ['informational', 'head', 'data', 'end', 'fail', 'pauseRequest', 'resumeRequest']
const REACTIONS: readonly AskerReaction[] = ['abort', 'pause', 'resume', 'data', 'end']

/** What the origin has said of a call; the asker holds it against what it heard. */
class Answer implements AnswerRecord {
  sent = 0
  terminal = ''
  trailers: readonly string[] | undefined
}

/** One world: a pool of two connections, an origin, a few askers at once. */
class World {
  readonly ledger = new Ledger()
  readonly problems: string[] = []
  readonly #random: Seeded
  readonly #askers: Asker[] = []
  readonly #answers: Answer[] = []
  readonly #reactions: { event: AskerEvent; react: AskerReaction }[][] = []
  #origin: RawOrigin | undefined
  #pool: Pool | undefined

  constructor(seed: number) {
    this.#random = new Seeded(seed)
  }

  async run(): Promise<void> {
    const random = this.#random
    const origin = await startRawOrigin((peer) => this.#serve(peer))
    this.#origin = origin
    const settings = { maxPerEndpoint: 2, idle: 4000, maxAge: 600_000, http2Streams: 100, believesPeer: false }
    const limits = { maxHeaderBytes: 65_536, maxHeaders: 200 }
    const defect = (where: string, error: unknown) => this.problems.push(`defect ${where}: ${(error as Error).stack}`)
    const pool = new Pool(
      '127.0.0.1',
      origin.port,
      { ...settings, limits },
      { clock: new SystemClock(), random, violation() {}, defect },
    )
    this.#pool = pool
    const dispatch = checkedDispatch(
      (request, response) => pool.dispatch(request, response, 'origin'),
      'pool',
      this.ledger,
    )
    const count = random.between(1, 5)
    for (let who = 0; who < count; who++) {
      this.#ask(who)
      this.#askers[who]!.ask(dispatch)
      if (random.chance(0.6)) await turn()
    }
    for (let i = random.int(30); i > 0; i--) await this.#step()
    await this.#settle()
  }

  #ask(who: number): void {
    const random = this.#random
    const method = random.pick(['GET', 'PUT', 'POST', 'HEAD'])
    const bodyLength = method === 'GET' || method === 'HEAD' ? 0 : random.pick([-1, 0, 1, 5000, 400_000])
    const headers = ['T-Who', String(who)]
    const request = makeRequest({ method, bodyLength, headers })
    const reactions: { event: AskerEvent; react: AskerReaction }[] = []
    if (random.chance(0.4)) reactions.push({ event: random.pick(EVENTS), react: random.pick(REACTIONS) })
    this.#reactions[who] = reactions
    this.#askers[who] = new Asker(who, request, (call) => this.#answers[call] as Answer, reactions, random.chance(0.5))
  }

  async #step(): Promise<void> {
    const random = this.#random
    const asker = random.pick(this.#askers)
    const dice = random.int(20)
    if (dice < 6) asker.send(random.pick([1, 100, 20_000]))
    else if (dice < 9) asker.finish(random.chance(0.3))
    else if (dice < 10) asker.abort()
    else if (dice < 12) asker.pause()
    else if (dice < 14) asker.resume()
    else await turn()
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
    for (const asker of this.#askers)
      this.problems.push(...asker.problems.map((problem) => `asker ${asker.who}: ${problem}`))
    await this.#end()
  }

  async #end(): Promise<void> {
    const pool = this.#pool as Pool
    // A connection that was given up is told of by its `close`.
    for (let i = 0; i < 50 && pool.active > 0; i++) await turn()
    if (pool.active > 0) this.problems.push(`${pool.active} in use, though nobody asks any more`)
    pool.close()
    const origin = this.#origin as RawOrigin
    this.problems.push(...origin.errors.map((error) => `origin: ${(error as Error).stack}`))
    await origin.close()
    this.problems.push(...this.ledger.breaches, ...this.ledger.leaks())
  }

  // ---------------------------------------------------------------- the origin

  async #serve(peer: OriginPeer): Promise<void> {
    for (;;) {
      const request = await peer.request(60_000)
      this.#judge(request)
      if (!(await this.#answer(peer, request.method))) return
    }
  }

  #judge(request: Message): void {
    const asker = this.#askers[Number(values(request, 't-who')[0])]
    if (asker === undefined) this.problems.push('a request that nobody sent')
    else if (!asker.ended && asker.sent !== asker.request.bodyLength)
      this.problems.push(`request ${asker.who} came whole before it was`)
    else if (request.body.length !== asker.sent) this.problems.push(`${request.body.length} of ${asker.sent} bytes`)
    else if (!matches(request.body, asker.who, 0)) this.problems.push(`request ${asker.who} came changed`)
    else if (String(request.trailers) !== String(asker.trailers ?? [])) this.problems.push('other trailers')
  }

  /** Says something; false when the connection is over. */
  async #answer(peer: OriginPeer, method: string): Promise<boolean> {
    const random = this.#random
    if (random.chance(0.08)) return this.#leave(peer)
    const number = this.#answers.length === 0 ? 1 : this.#answers.length
    const record = new Answer()
    this.#answers[number] = record
    if (random.chance(0.2)) peer.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
    const size = random.pick([0, 1, 5000, 300_000])
    const framing = random.pick(['length', 'length', 'chunked', 'close'])
    const bodiless = method === 'HEAD'
    if (bodiless || (framing === 'length' && size === 0)) record.terminal = 'end'
    peer.send(`HTTP/1.1 200 OK\r\nX-Call: ${number}\r\n${fieldOf(framing, size)}\r\n`)
    for (let at = 0; at < size && !bodiless; ) {
      const piece = Math.min(random.pick([1000, 50_000]), size - at)
      if (random.chance(0.02)) return this.#leave(peer, framing)
      const chunk = pattern(number, at, piece)
      if (framing === 'chunked')
        peer
          .send(`${piece.toString(16)}\r\n`)
          .send(chunk)
          .send('\r\n')
      else peer.send(chunk)
      at += piece
      record.sent = at
      if (framing === 'length' && at === size) record.terminal = 'end'
      if (random.chance(0.2)) await turn()
    }
    record.terminal = 'end'
    if (framing === 'chunked' && !bodiless) {
      record.trailers = random.chance(0.3) ? ['X-Sum', '1'] : undefined
      peer.send(record.trailers === undefined ? '0\r\n\r\n' : '0\r\nX-Sum: 1\r\n\r\n')
    }
    if (framing === 'close' && !bodiless) return this.#fin(peer)
    // The keep-alive race: the connection ends just when it could be used again.
    return random.chance(0.1) ? this.#fin(peer) : true
  }

  /** A FIN would be the end of a body without framing. */
  #leave(peer: OriginPeer, framing = ''): false {
    if (framing === 'close' || this.#random.chance(0.5)) peer.reset()
    else peer.destroy()
    return false
  }

  #fin(peer: OriginPeer): false {
    peer.halfClose()
    return false
  }
}

function fieldOf(framing: string, size: number): string {
  if (framing === 'length') return `Content-Length: ${size}\r\n`
  return framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : ''
}

t.test('the client pool keeps the contract through generated histories over real sockets', async (t) => {
  const last = Number(process.env.CONTRACT_RUNS ?? 150)
  const failures: string[] = []
  for (let seed = 1; seed <= last && failures.length < 3; seed++) {
    const world = new World(seed)
    await world.run()
    if (world.problems.length > 0) failures.push(`seed ${seed}: ${world.problems.slice(0, 3).join(' | ')}`)
  }
  t.strictSame(failures, [])
})

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'

for (const how of ['fin', 'stray byte'] as const) {
  t.test(`Pool does not hand out a connection that has just ended (${how}) and is not closed yet`, async (t) => {
    const origin = await startRawOrigin(answering(() => OK))
    const proxy = await startProxy(services({ origin: origin.port }))
    const client = await connect(proxy.outbound)
    client.send('GET /1 HTTP/1.1\r\nHost: origin\r\n\r\n')
    await client.until('hi')
    const peer = await origin.peer(0)
    // Both are ready when the proxy polls next, the end of the idle connection first.
    if (how === 'fin') {
      peer.halfClose()
      await new Promise(setImmediate)
    } else peer.send('X')
    client.send('GET /2 HTTP/1.1\r\nHost: origin\r\n\r\n')
    await t.resolves(client.when('the second answer', () => client.text.split('hi').length > 2, 2000))
    client.destroy()
    await proxy.stop()
    await origin.close()
  })
}

t.test('Pool keeps a pause that was made while it connects, after a resume', async (t) => {
  const size = 5_000_000
  const origin = await startRawOrigin(async (peer) => {
    await peer.request()
    peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`).send(Buffer.alloc(size))
  })
  const settings = { maxPerEndpoint: 2, idle: 4000, maxAge: 600_000, http2Streams: 100, believesPeer: false }
  const limits = { maxHeaderBytes: 65_536, maxHeaders: 200 }
  const context = { clock: new SystemClock(), random: new Seeded(1), violation() {}, defect() {} }
  const pool = new Pool('127.0.0.1', origin.port, { ...settings, limits }, context)
  let came = 0
  let over = false
  const body = pool.dispatch(
    makeRequest({ method: 'GET', bodyLength: 0 }),
    {
      informational() {},
      head() {},
      data(chunk) {
        came += chunk.length
      },
      end() {
        over = true
      },
      fail() {},
      pauseRequest() {},
      resumeRequest() {},
    },
    'origin',
  )
  body.end()
  body.pauseResponse()
  body.resumeResponse()
  body.pauseResponse()
  await (await origin.peer(0)).request()
  for (let i = 0; i < 200; i++) await turn()
  t.ok(came <= 65_536, `${came} bytes came in spite of the pause`)
  body.resumeResponse()
  while (!over) await turn()
  t.equal(came, size)
  pool.close()
  await origin.close()
})
