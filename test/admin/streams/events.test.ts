import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import t, { type Test } from 'tap'
import { type AdminSource, type Ended, type Frame, startAdmin } from '../../../src/admin/index.ts'
import { MOST_STREAMS } from '../../../src/admin/streams/events.ts'
import { FakeClock } from '../../support/fake-clock.ts'

class World {
  readonly clock = new FakeClock()
  readonly startedAt = this.clock.wallTime()
  /** Frames that were made. */
  frames = 0
  /** Exchanges that were not plain. */
  count = 0
  /** Characters of one frame, about. */
  size = 0
  address = ''

  async start(t: Test): Promise<this> {
    const source = { frame: () => this.#frame(), ended: (seen: number) => this.#ended(seen), paths: true }
    const admin = await startAdmin({ host: '127.0.0.1', port: 0 }, source as unknown as AdminSource, this.clock)
    t.teardown(() => admin.close())
    this.address = admin.address
    return this
  }

  #frame(): Frame {
    return { now: ++this.frames, name: 'x'.repeat(this.size) } as Frame
  }

  #ended(seen: number): Ended {
    return { count: this.count, records: new Array(this.count - seen).fill({ status: 503 }) }
  }
}

/** A reader of the stream, event by event. */
class Reader {
  readonly request: ClientRequest
  response: IncomingMessage | undefined
  #text = ''
  #wake = () => {}

  constructor(address: string, headers: Record<string, string> = {}) {
    this.request = httpRequest(`http://${address}/events`, { agent: false, headers })
    this.request.on('error', () => {})
    this.request.on('response', (response) => {
      this.response = response
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        this.#text += text
        this.#wake()
      })
      response.on('end', () => this.#wake())
      this.#wake()
    })
    this.request.end()
  }

  /** The next event's name and data. */
  async next(): Promise<[name: string, data: Record<string, unknown>]> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const lines = this.#text.slice(0, end).split('\n')
        this.#text = this.#text.slice(end + 2)
        const value = (field: string) => lines.find((line) => line.startsWith(`${field}: `))?.slice(field.length + 2)
        return [value('event') ?? '', JSON.parse(value('data') ?? '{}') as Record<string, unknown>]
      }
      await this.#more()
    }
  }

  async head(): Promise<IncomingMessage> {
    while (this.response === undefined) await this.#more()
    return this.response
  }

  #more(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

t.test('A stream begins with who may do what, how things stand, and what there was', async (t) => {
  const world = await new World().start(t)
  world.count = 2
  const reader = new Reader(world.address)
  const { headers } = await reader.head()
  t.equal(headers['content-type'], 'text/event-stream; charset=utf-8')
  t.strictSame(await reader.next(), ['hello', { readOnly: '', paths: true, startedAt: world.startedAt }])
  t.strictSame(await reader.next(), ['frame', { now: 1, name: '' }])
  t.strictSame(await reader.next(), ['ended', { count: 2, records: [{ status: 503 }, { status: 503 }] }])
  reader.request.destroy()
})

t.test('A name that was made to lead here watches nothing', async (t) => {
  const world = await new World().start(t)
  const reader = new Reader(world.address, { host: 'rebound.example' })
  t.equal((await reader.head()).statusCode, 403)
  t.equal(world.clock.pending, 0)
  reader.request.destroy()
})

t.test('One frame a second for all, and of exchanges that ended only the new ones', async (t) => {
  const world = await new World().start(t)
  const readers = [new Reader(world.address), new Reader(world.address)]
  for (const reader of readers) for (let i = 0; i < 3; i++) await reader.next()
  t.equal(world.frames, 2, 'one for each that came')
  world.clock.advance(1010)
  for (const reader of readers) t.match(await reader.next(), ['frame', { now: 3 }])
  world.count = 3
  world.clock.advance(1010)
  t.equal(world.frames, 4)
  for (const reader of readers) {
    t.match(await reader.next(), ['frame', { now: 4 }])
    t.match(await reader.next(), ['ended', { count: 3, records: { length: 3 } }])
    reader.request.destroy()
  }
})

t.test('Nobody watches: no timer and no frame', async (t) => {
  const world = await new World().start(t)
  t.equal(world.clock.pending, 0, 'before the first')
  const readers = [new Reader(world.address), new Reader(world.address)]
  for (const reader of readers) await reader.next()
  t.equal(world.clock.pending, 1, 'one for both')
  readers[0]?.request.destroy()
  await new Promise((resolve) => readers[0]?.request.on('close', resolve))
  world.clock.advance(1010)
  await readers[1]?.next()
  t.equal(world.clock.pending, 1)
  readers[1]?.request.destroy()
  await until(() => world.clock.pending === 0)
  const { frames } = world
  world.clock.advance(10_000)
  t.equal(world.frames, frames)
})

t.test('A reader that does not read misses frames, and none are kept for it', async (t) => {
  const world = await new World().start(t)
  world.size = 4_000_000
  const reader = new Reader(world.address)
  const response = await reader.head()
  response.pause()
  for (let i = 0; i < 20; i++) {
    world.clock.advance(1010)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const made = world.frames
  world.size = 0
  world.count = 7
  response.resume()
  const pump = setInterval(() => world.clock.advance(1010), 5)
  let told: Record<string, unknown> = {}
  const numbers: number[] = []
  while (told['count'] !== 7) {
    const [name, data] = await reader.next()
    if (name === 'frame') numbers.push(data['now'] as number)
    if (name === 'ended') told = data
  }
  clearInterval(pump)
  t.ok(numbers.filter((number) => number <= made).length < made / 2, `${numbers.length} frames of ${made}`)
  t.equal((told['records'] as unknown[]).length, 7, 'what it was not told of then comes now')
  reader.request.destroy()
})

t.test('A reader that takes nothing for a minute makes room', async (t) => {
  const world = await new World().start(t)
  world.size = 8_000_000
  const reader = new Reader(world.address)
  const response = await reader.head()
  response.pause()
  for (let i = 0; i < 58; i++) world.clock.advance(1010)
  t.equal(world.clock.pending, 1, 'not before')
  for (let i = 0; i < 10; i++) world.clock.advance(1010)
  await until(() => world.clock.pending === 0)
  t.pass('it is gone, and with it the timer')
  reader.request.destroy()
})

t.test('Of so many streams one more is refused with its reason, until one ends', async (t) => {
  const world = await new World().start(t)
  const readers = Array.from({ length: MOST_STREAMS }, () => new Reader(world.address))
  for (const reader of readers) await reader.head()
  const refused = await fetchStatus(world.address, 'GET')
  t.equal(refused.status, 503)
  t.match(refused.body, /too_many_streams/)
  readers[0]?.request.destroy()
  await until(() => true)
  for (;;) {
    const reader = new Reader(world.address)
    const { statusCode } = await reader.head()
    if (statusCode === 200) break
  }
  for (const reader of readers) reader.request.destroy()
})

t.test('A view that cannot be made is 500, and the listener goes on', async (t) => {
  const world = await new World().start(t)
  world.size = -1
  const { status, body } = await fetchStatus(world.address, 'GET')
  t.equal(status, 500)
  t.match(body, /internal_error/)
  t.equal(world.clock.pending, 0)
  world.size = 0
  const reader = new Reader(world.address)
  t.match(await reader.next(), ['hello'])
  reader.request.destroy()
})

t.test('HEAD asks what it is, and POST is none of it', async (t) => {
  const world = await new World().start(t)
  t.match(await fetchStatus(world.address, 'HEAD'), { status: 200, type: 'text/event-stream; charset=utf-8' })
  t.match(await fetchStatus(world.address, 'POST'), { status: 405 })
  t.equal(world.clock.pending, 0)
})

function fetchStatus(address: string, method: string): Promise<{ status: number; type: string; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`http://${address}/events`, { method, agent: false }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: String(response.headers['content-type']), body }),
      )
    })
    request.on('error', reject)
    request.end()
  })
}
