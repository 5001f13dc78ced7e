import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { type AdminSource, startAdmin } from '../../../src/admin/index.ts'
import { LINES, MOST_TAPS } from '../../../src/admin/streams/tap.ts'
import { NO_STATUS } from '../../../src/core/grpc-status.ts'
import { Endings } from '../../../src/telemetry/ended/endings.ts'
import type { RouteRows } from '../../../src/telemetry/index.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { requestHead } from '../../support/stubs.ts'

const ROWS = { service: 'inventory', template: '/v1/**', endings: new Float64Array(16) } as unknown as RouteRows
const BEAT = 100

class World {
  readonly clock = new FakeClock()
  readonly endings = new Endings(false)
  listening = 0
  address = ''
  #waiting: (() => void)[] = []

  async start(t: Test, paths = false): Promise<this> {
    const source = {
      tap: (listener: Parameters<Endings['listen']>[0]) => {
        this.#changed(1)
        const leave = this.endings.listen(listener)
        return () => {
          leave()
          this.#changed(-1)
        }
      },
      paths,
    }
    const admin = await startAdmin({ host: '127.0.0.1', port: 0 }, source as unknown as AdminSource, this.clock)
    t.teardown(() => admin.close())
    this.address = admin.address
    return this
  }

  #changed(by: number): void {
    this.listening += by
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async until(listening: number): Promise<void> {
    while (this.listening !== listening) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  end(status: number, reason = '', target = '/v1/items?secret=1'): void {
    const head = requestHead({ path: target, startedAt: this.clock.now() })
    Object.assign(head.exchange, { trace: { traceId: 'abc' } })
    this.endings.ended(head, ROWS, status, NO_STATUS, 'upstream', reason, this.clock.now())
  }
}

/** A reader of `/tap`, line by line. */
class Reader {
  readonly request: ClientRequest
  response: IncomingMessage | undefined
  over = false
  #text = ''
  #wake = () => {}

  constructor(address: string, query = '') {
    this.request = httpRequest(`http://${address}/tap${query}`, { agent: false })
    this.request.on('error', () => {})
    this.request.on('response', (response) => {
      this.response = response
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        this.#text += text
        this.#wake()
      })
      response.on('end', () => {
        this.over = true
        this.#wake()
      })
      this.#wake()
    })
    this.request.end()
  }

  async begun(): Promise<IncomingMessage> {
    while (this.response === undefined) await this.#more()
    return this.response
  }

  async next(): Promise<Record<string, unknown>> {
    for (;;) {
      const end = this.#text.indexOf('\n')
      if (end >= 0) {
        const line = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 1)
        return JSON.parse(line) as Record<string, unknown>
      }
      if (this.over) throw new Error('the stream is over')
      await this.#more()
    }
  }

  async end(): Promise<string> {
    while (!this.over) await this.#more()
    return this.#text
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

t.test('/tap tells every exchange that fits as it ends, without what the client sent', async (t) => {
  const world = await new World().start(t)
  const reader = new Reader(world.address, '?status=5xx')
  t.match((await reader.begun()).headers, { 'content-type': /^application\/x-ndjson/, 'cache-control': 'no-store' })
  world.end(200)
  world.end(503, 'circuit_open')
  world.clock.advance(2 * BEAT)
  const told = await reader.next()
  t.match(told, { service: 'inventory', route: '/v1/**', method: 'GET', status: 503, reason: 'circuit_open', path: '' })
  t.notMatch(JSON.stringify(told), /secret|abc/)
  reader.request.destroy()
  await world.until(0)
})

t.test('With --page-paths the path stands there, but not the query', async (t) => {
  const world = await new World().start(t, true)
  const reader = new Reader(world.address)
  await reader.begun()
  world.end(200)
  world.clock.advance(2 * BEAT)
  t.match(await reader.next(), { path: '/v1/items', traceId: 'abc' })
})

t.test('A limit ends the tap', async (t) => {
  const world = await new World().start(t)
  const reader = new Reader(world.address, '?limit=2')
  await reader.begun()
  for (const status of [200, 201, 202]) world.end(status)
  world.clock.advance(2 * BEAT)
  t.equal((await reader.next())['status'], 200)
  t.equal((await reader.next())['status'], 201)
  t.equal(await reader.end(), '')
  await world.until(0)
})

t.test('What comes faster than it is shown is lost, and told', async (t) => {
  const world = await new World().start(t)
  const reader = new Reader(world.address)
  await reader.begun()
  for (let i = 0; i < LINES + 7; i++) world.end(200)
  world.clock.advance(2 * BEAT)
  for (let i = 0; i < LINES; i++) t.match(await reader.next(), { status: 200 })
  t.same(await reader.next(), { lost: 7 })
  world.end(404)
  world.clock.advance(2 * BEAT)
  t.match(await reader.next(), { status: 404 })
})

t.test('A reader that takes nothing for a minute makes room for another', async (t) => {
  const world = await new World().start(t)
  const socket = connect(Number(world.address.slice(world.address.lastIndexOf(':') + 1)), '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  socket.write('GET /tap HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await world.until(1)
  let beats = 0
  for (; beats < 3000 && world.listening === 1; beats++) {
    for (let i = 0; i < LINES && beats < 500; i++) world.end(503, 'circuit_open')
    world.clock.advance(BEAT + 10)
    if (beats < 500 || beats % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  t.ok(beats > 600 && beats < 3000, `after ${beats} beats`)
  t.equal(world.clock.pending, 0)
  socket.destroy()
})

t.test('A reader that does not read loses lines; what is kept for it is bounded', async (t) => {
  const world = await new World().start(t)
  const [, port] = world.address.split(':')
  const socket = connect(Number(port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.pause()
  socket.write('GET /tap HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await world.until(1)
  const before = process.memoryUsage().arrayBuffers
  const long = 'x'.repeat(20)
  let turns = 0
  // Far more than the sockets between us take, which the system decides.
  for (; turns < 1000; turns++) {
    for (let i = 0; i < LINES; i++) world.end(503, long)
    world.clock.advance(2 * BEAT)
    if (turns % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  t.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024)
  socket.setEncoding('utf8')
  let told = 0
  let lost = 0
  let rest = ''
  socket.on('data', (piece: string) => {
    const lines = `${rest}${piece}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.includes('"status":503')) told++
      lost += Number(/\{"lost":(\d+)\}/.exec(line)?.[1] ?? 0)
    }
  })
  socket.resume()
  // What waited goes out with the beat after the one before is out.
  while (told + lost < turns * LINES) {
    world.clock.advance(2 * BEAT)
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(told + lost, turns * LINES)
  t.ok(told > 0 && lost > told, `${told} told, ${lost} lost`)
})

t.test('Only so many taps are given, and one that leaves makes room', async (t) => {
  const world = await new World().start(t)
  const readers = Array.from({ length: MOST_TAPS }, () => new Reader(world.address))
  await world.until(MOST_TAPS)
  const refused = new Reader(world.address)
  t.equal((await refused.begun()).statusCode, 503)
  t.match(await refused.end(), /too_many_streams/)
  readers[0]?.request.destroy()
  await world.until(MOST_TAPS - 1)
  t.equal((await new Reader(world.address).begun()).statusCode, 200)
})

t.test('A filter that says nothing sensible is refused with what must hold', async (t) => {
  const world = await new World().start(t)
  for (const [query, sentence] of [
    ['?status=abc', /status must be a status such as/],
    ['?colour=red', /there is no colour; there are route, service/],
  ] as const) {
    const reader = new Reader(world.address, query)
    t.equal((await reader.begun()).statusCode, 400)
    t.match(await reader.end(), sentence)
  }
  t.equal(world.listening, 0)
})
