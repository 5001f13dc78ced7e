/**
 * Bodies in both directions between both versions of HTTP, with TLS to the upstream and without, all at the same time through
 * one process, so that all of them are lent the same stores. Each eight bytes of a body say whose it is and where they stand, and
 * both ends look at every byte. Some ends read slowly, some bodies are sent twice.
 */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import https from 'node:https'
import type net from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Authority } from '../support/certificates.ts'
import { services, startProxy } from '../support/proxy.ts'
import { PemFolder } from '../support/tls.ts'

/** Of each pair of ends. */
const BODIES = 13
/** Bytes; more than any window has to begin with, and no multiple of a frame. */
const USUAL = 200_008
/** The first of each pair, which is read slowly and never sent twice: more than kernel and windows hold. */
const LARGE = 6_000_008
/** ms that a slow end takes over a piece. */
const SLOWLY = 1
/** MiB; with fewer Node resets streams because of what it holds itself. */
const ROOM = { maxSessionMemory: 1000 }

/** What `whose` sends. */
function bodyOf(whose: number, size: number): Buffer {
  const body = Buffer.allocUnsafe(size)
  for (let at = 0; at < size; at += 8) body.writeUInt32LE(at, body.writeUInt32LE(whose, at))
  return body
}

interface Exchange {
  /** Also says what is to happen to it. */
  readonly number: number
  readonly question: Buffer
  readonly answer: Buffer
}

class World {
  readonly exchanges = new Map<number, Exchange>()
  readonly wrong: string[] = []
  /** Questions that came whole, by number. */
  readonly came = new Map<number, number>()

  exchange(number: number): Exchange {
    const size = number % BODIES === 0 ? LARGE : USUAL
    const made = { number, question: bodyOf(2 * number, size), answer: bodyOf(2 * number + 1, size) }
    this.exchanges.set(number, made)
    return made
  }

  /** Reads all of it, and says whether it was what it should be. */
  async read(stream: Readable, what: string, expected: Buffer, slowly: boolean): Promise<void> {
    let at = 0
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (!chunk.equals(expected.subarray(at, at + chunk.length))) {
        this.wrong.push(`${what}: other bytes between ${at} and ${at + chunk.length}`)
      }
      at += chunk.length
      if (slowly) await pause(SLOWLY)
    }
    if (at !== expected.length) this.wrong.push(`${what}: ${at} of ${expected.length} bytes`)
  }

  /** Every third is refused once it is whole, and has to be sent again. */
  async answer(
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): Promise<void> {
    const number = Number(request.headers['x-number'])
    const { question, answer } = this.exchanges.get(number) as Exchange
    const times = (this.came.get(number) ?? 0) + 1
    this.came.set(number, times)
    await this.read(request, `question ${number}, time ${times}`, question, number % 4 === 0)
    const again = sentTwice(number) && times === 1
    response.statusCode = again ? 503 : 200
    ;(response as ServerResponse).end(again ? undefined : answer)
  }
}

function sentTwice(number: number): boolean {
  return number % BODIES > 0 && number % 3 === 0
}

async function listening(t: Test, server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

type Ask = (service: string, exchange: Exchange) => Promise<void>

function overHttp1(t: Test, port: number, world: World): Ask {
  const agent = new http.Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  return async (service, { number, question, answer }) => {
    const headers = { host: service, 'x-number': number }
    const request = http.request({ port, agent, method: 'POST', headers })
    const answered = new Promise<IncomingMessage>((resolve, reject) =>
      request.on('response', resolve).on('error', reject),
    )
    request.end(question)
    const response = await answered
    if (response.statusCode !== 200) world.wrong.push(`answer ${number}: ${response.statusCode}`)
    await world.read(response, `answer ${number}`, answer, number % 4 < 2)
  }
}

function overHttp2(t: Test, port: number, world: World): Ask {
  const session = http2.connect(`http://127.0.0.1:${port}`, ROOM)
  t.teardown(() => session.destroy())
  return async (service, { number, question, answer }) => {
    const stream = session.request({ ':method': 'POST', ':authority': service, 'x-number': String(number) })
    const answered = new Promise<number>((resolve, reject) =>
      stream.on('response', (head) => resolve(Number(head[':status']))).on('error', reject),
    )
    stream.end(question)
    const status = await answered
    if (status !== 200) world.wrong.push(`answer ${number}: ${status}`)
    await world.read(stream, `answer ${number}`, answer, number % 4 < 2)
  }
}

const PROTOCOL: Readonly<Record<string, string>> = { plain1: 'http1', plain2: 'http2', tls1: 'http1', tls2: 'http2' }

t.test('Every byte of many bodies at once is what was sent, whoever reads slowly or is asked twice', async (t) => {
  const authority = new Authority('bodies')
  const shown = authority.issue({ names: ['bodies.test'] })
  const world = new World()
  const answer = (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) => {
    world.answer(request, response).catch((error: Error) => world.wrong.push(error.message))
  }
  const ports = {
    plain1: await listening(t, http.createServer(answer)),
    plain2: await listening(t, http2.createServer(ROOM, answer)),
    tls1: await listening(t, https.createServer(shown, answer)),
    tls2: await listening(t, http2.createSecureServer({ ...shown, ...ROOM }, answer) as unknown as net.Server),
  }
  const retry =
    'kind: Policy\nname: again\nmatch: {direction: outbound, service: "*"}\n' +
    'timeout: {request: 30s}\nretry: {max: 1, when: [5xx], methods: any, unsafe: true, maxBodyBytes: 1MiB, ' +
    'backoff: {base: 1ms}, budget: {minPerSecond: 1000}}\n'
  const ca = new PemFolder(t).write('ca.pem', authority.cert)
  const yaml = services(ports, retry).replace(/^name: (\w+)$/gm, (line, name) => {
    const tls = name.startsWith('tls') ? `\ntls: {ca: ${ca}, serverName: bodies.test}` : ''
    return name in PROTOCOL ? `${line}\nprotocol: ${PROTOCOL[name]}${tls}` : line
  })
  const proxy = await startProxy(yaml)
  t.teardown(() => proxy.stop())
  const asks = [overHttp1(t, proxy.outbound, world), overHttp2(t, proxy.outbound, world)]
  const running: Promise<void>[] = []
  let number = 0
  for (let i = 0; i < asks.length; i++) {
    for (const service of Object.keys(PROTOCOL)) {
      for (let j = 0; j < BODIES; j++) running.push((asks[i] as Ask)(service, world.exchange(number++)))
    }
  }
  await Promise.all(running)
  t.strictSame(world.wrong, [])
  for (const [one, times] of world.came) t.equal(times, sentTwice(one) ? 2 : 1, `question ${one}`)
  t.equal(world.came.size, number)
})
