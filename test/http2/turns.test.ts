/** One read may hold a thousand requests: the others are served in between. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Clock, SystemClock, type Timed, type Timer } from '../../src/core/clock.ts'
import { RST_STREAM } from '../../src/http2/frames.ts'
import {
  answering,
  data,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  type Http2RawOrigin,
  request,
} from '../support/http2-raw.ts'
import { type Proxy as Sidecar, services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'
import { state } from '../support/ask.ts'

/** Each look at it takes a while, so that every turn is soon over. */
class SlowClock implements Clock {
  readonly #real = new SystemClock()
  #added = 0

  now(): number {
    return this.#real.now() + this.#added
  }

  exact(): number {
    this.#added += 0.5
    return this.#real.exact() + this.#added
  }

  wallTime(): number {
    return this.#real.wallTime()
  }

  schedule(delay: number, target: Timed): Timer {
    return this.#real.schedule(delay, target)
  }

  cancel(timer: Timer | undefined): void {
    this.#real.cancel(timer)
  }
}

async function sidecar(t: Test, port: number): Promise<number> {
  const yaml = services({ origin: port }).replace('name: origin\n', 'name: origin\nprotocol: http2\n')
  const proxy = await startProxy(yaml, { clock: new SlowClock() })
  t.teardown(() => proxy.stop())
  return proxy.outbound
}

t.test('who sends many requests at once gives way to who sends one', async (t) => {
  const origin = await http2RawOrigin(t, answering())
  const port = await sidecar(t, origin.port)
  const many = await http2Client(t, port)
  const one = await http2Client(t, port)
  const ids = Array.from({ length: 600 }, (_, i) => 2 * i + 1)
  many.send(Buffer.concat(ids.map((id) => request(id, { authority: 'origin' }))))
  one.send(request(1, { authority: 'origin' }))
  t.equal(await one.status(1), 200)
  const answered = many.frames.filter((frame) => frame.type === 1).length
  for (const id of ids) await many.finished(id)
  t.ok(answered < ids.length, `${answered} of ${ids.length} were answered before the one`)
  for (const id of ids) if ((await many.status(id)) !== 200) t.fail(`request ${id}`)
})

t.test('what is put aside is cut anywhere and goes on in order', async (t) => {
  const origin = await http2RawOrigin(t, answering())
  const port = await sidecar(t, origin.port)
  const client = await http2Client(t, port)
  const ids = Array.from({ length: 200 }, (_, i) => 2 * i + 1)
  const bytes = Buffer.concat(
    ids.flatMap((id) => [
      request(id, { method: 'POST', authority: 'origin', open: true }),
      data(id, 'a few bytes'),
      data(id, '', true),
    ]),
  )
  for (let at = 0; at < bytes.length; at += 997) await client.sent(bytes.subarray(at, at + 997))
  for (const id of ids) {
    if ((await client.status(id)) !== 200) t.fail(`request ${id}`)
    await client.finished(id)
  }
  const sizes = origin.peers.flatMap(({ frames }) => frames.filter(({ type }) => type === 0))
  t.equal(
    sizes.reduce((sum, { payload }) => sum + payload.length, 0),
    ids.length * 'a few bytes'.length,
    'every byte arrived once',
  )
})

t.test('a client that leaves in the middle of its turn', async (t) => {
  const origin = await http2RawOrigin(t, answering())
  const port = await sidecar(t, origin.port)
  for (let i = 0; i < 5; i++) {
    const client = await http2Client(t, port)
    await client.sent(Buffer.concat(Array.from({ length: 500 }, (_, n) => request(2 * n + 1, { authority: 'origin' }))))
    if (i % 2 === 0) client.socket.resetAndDestroy()
    else client.socket.end()
  }
  const after = await http2Client(t, port)
  after.send(request(1, { authority: 'origin' }))
  t.equal(await after.status(1), 200)
})

/** As many as a client may have open. */
const MANY = 1000

interface Waiting {
  readonly proxy: Sidecar
  readonly silent: Http2RawOrigin
  readonly many: Http2Peer
}

/** A client of whose requests each has reached an upstream that never answers. */
async function waiting(t: Test, accessLog = ''): Promise<Waiting> {
  const origin = await http2RawOrigin(t, answering())
  const silent = await http2RawOrigin(t, () => {})
  const plain = services({ origin: origin.port, silent: silent.port })
  const logged = accessLog === '' ? plain : plain.replace('{format: none}', `{output: ${accessLog}}`)
  const yaml = logged.replaceAll('endpoints:', 'protocol: http2\nendpoints:')
  const proxy = await startProxy(yaml, { clock: new SlowClock() })
  t.teardown(() => proxy.stop())
  const many = await http2Client(t, proxy.outbound)
  const asked = Array.from({ length: MANY }, (_, i) => request(2 * i + 1, { authority: 'silent' }))
  many.send(Buffer.concat(asked))
  while (framesOf(silent, 1).length < MANY) await turn()
  return { proxy, silent, many }
}

/** Streams, by connection and id, on which a frame of this type came. */
function framesOf(origin: Http2RawOrigin, type: number): string[] {
  return origin.peers.flatMap(({ frames }, i) =>
    frames.filter((one) => one.type === type).map(({ id }) => `${i} ${id}`),
  )
}

t.test('a client that leaves with a thousand streams open gives way to who sends one', async (t) => {
  const { proxy, silent, many } = await waiting(t)
  const one = await http2Client(t, proxy.outbound)
  one.send(request(1, { authority: 'origin' }))
  await one.finished(1)
  many.socket.resetAndDestroy()
  while (framesOf(silent, RST_STREAM).length === 0) await turn()
  one.send(request(3, { authority: 'origin' }))
  t.equal(await one.status(3), 200)
  const told = framesOf(silent, RST_STREAM).length
  t.ok(told < MANY, `${told} of ${MANY} streams were over before the one was answered`)
  while ((await state(proxy)).connections.outbound > 1) await turn()
  // What is written is not read yet.
  while (framesOf(silent, RST_STREAM).length < MANY) await turn()
  const over = framesOf(silent, RST_STREAM)
  t.equal(over.length, MANY)
  t.same(new Set(over), new Set(framesOf(silent, 1)), 'each stream was told once')
})

t.test('a drain waits for streams that are to be told that their client left', async (t) => {
  const { proxy, silent, many } = await waiting(t)
  many.socket.resetAndDestroy()
  while (framesOf(silent, RST_STREAM).length === 0) await turn()
  await proxy.drain()
  while (framesOf(silent, RST_STREAM).length < MANY && silent.peers.some((peer) => !peer.ended)) await turn()
  t.same(new Set(framesOf(silent, RST_STREAM)), new Set(framesOf(silent, 1)))
})

t.test('a proxy that ends leaves no stream untold', async (t) => {
  const file = join(t.testdir(), 'access.log')
  const { proxy, silent, many } = await waiting(t, file)
  many.socket.resetAndDestroy()
  while (framesOf(silent, RST_STREAM).length === 0) await turn()
  await proxy.stop()
  t.equal(readFileSync(file, 'utf8').trimEnd().split('\n').length, MANY, 'each has its line in the access log')
})
