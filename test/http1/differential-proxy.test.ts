/** Whole sidecar, real sockets: what one end says the other hears, whoever the two are and however the bytes are cut. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import t from 'tap'
import { Client, type Dispatcher } from 'undici'
import { services, startProxy } from '../support/proxy.ts'
import { connect } from '../support/raw.ts'
import { type OriginPeer, startRawOrigin } from '../support/raw-origin.ts'
import { type Message, readResponse } from '../support/read-message.ts'
import { Seeded } from '../support/seeded.ts'
import { type Generated, makeRequest, makeResponse } from './messages.ts'

/** One half of an exchange, as it is said and as it is heard. */
interface Half {
  readonly fields: readonly string[]
  readonly body: string
  readonly trailers: readonly string[]
}

interface Exchange {
  readonly method: string
  readonly path: string
  readonly request: Half
  readonly status: number
  readonly answer: Half
  /** Bodies go in pieces of this size; 0: at once, with a length. */
  readonly piece: number
}

const NAMES = ['T-One', 't-one', 'T-TWO', 't-3', 'X-T-Four']
const VALUES = ['1', 'a, b', '"q;\\" "', 'two  spaces', '\xe4\xff', 'x'.repeat(300), 'a:b=c']

function makeHalf(random: Seeded, most: number, piece: number): Half {
  const fields: string[] = []
  for (let i = random.int(6); i > 0; i--) fields.push(random.pick(NAMES), random.pick(VALUES))
  const body = Array.from({ length: random.int(most + 1) }, () => String.fromCharCode(random.int(256))).join('')
  const trailers = piece > 0 && body !== '' && random.chance(0.3) ? ['T-Sum', random.pick(VALUES)] : []
  return { fields, body, trailers }
}

function makeExchange(random: Seeded): Exchange {
  const method = random.pick(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
  const piece = random.pick([0, 1, 100, 5000])
  const most = random.pick([0, 50, piece === 1 ? 60 : 9000])
  const status = random.pick([200, 200, 201, 204, 304, 400, 404, 500, 503])
  const bodiless = method === 'HEAD' || status === 204 || status === 304
  return {
    method,
    path: random.pick(['/', '/a/b?c=d', '/%7Euser/;p', '//x', "/!$&'()*+,=:@"]),
    request: makeHalf(random, method === 'GET' || method === 'HEAD' ? 0 : most, piece),
    status,
    answer: makeHalf(random, bodiless ? 0 : most, bodiless ? 0 : piece),
    piece,
  }
}

/** Only what the test sent: others add fields of their own. */
function ours(raw: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    if (/^(x-)?t-/i.test(raw[i] as string)) kept.push(raw[i] as string, raw[i + 1] as string)
  }
  return kept
}

function* piecesOf(body: string, size: number): Iterable<Buffer> {
  const bytes = Buffer.from(body, 'latin1')
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  let body = ''
  for await (const chunk of stream) body += chunk.toString('latin1')
  return body
}

interface Heard extends Half {
  /** Request: method and target; answer: status. */
  readonly start: string
}

function said(start: string, { fields, body, trailers }: Half): Heard {
  return { start, fields, body, trailers }
}

/** Node's server: hears the request, answers what the exchange of that number says. */
class Origin {
  readonly heard = new Map<number, Heard>()
  readonly #exchanges: readonly Exchange[]
  readonly #server: http.Server

  constructor(exchanges: readonly Exchange[]) {
    this.#exchanges = exchanges
    this.#server = http.createServer((request, response) => void this.#serve(request, response))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const number = Number(request.headers['t-number'])
    const body = await readAll(request)
    const half = { fields: ours(request.rawHeaders).slice(2), body, trailers: ours(request.rawTrailers) }
    this.heard.set(number, said(`${request.method} ${request.url}`, half))
    const { status, answer, piece } = this.#exchanges[number] as Exchange
    const fields = [...answer.fields]
    if (piece === 0 && status !== 204 && status !== 304) fields.push('Content-Length', String(answer.body.length))
    response.sendDate = false
    // An array goes out as it is, in order and case.
    response.writeHead(status, fields)
    if (piece > 0) for (const chunk of piecesOf(answer.body, piece)) response.write(chunk)
    if (answer.trailers.length > 0) response.addTrailers([[answer.trailers[0] as string, answer.trailers[1] as string]])
    response.end(piece === 0 ? Buffer.from(answer.body, 'latin1') : undefined)
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

function fieldsOf(number: number, { request, piece }: Exchange, host: boolean): string[] {
  const fields = ['t-number', String(number), ...request.fields]
  if (host) fields.unshift('Host', 'origin')
  if (piece === 0 && request.body !== '') fields.push('Content-Length', String(request.body.length))
  return fields
}

type Ask = (number: number, exchange: Exchange) => Promise<Heard>

function nodeClient(port: number, agent: http.Agent): Ask {
  return (number, exchange) => {
    const { method, path, request: half, piece } = exchange
    const chunked = piece > 0 && half.body !== ''
    const headers = [...fieldsOf(number, exchange, true), ...(chunked ? ['Transfer-Encoding', 'chunked'] : [])]
    return new Promise((resolve, reject) => {
      const request = http.request({ port, host: '127.0.0.1', agent, method, path, headers: headers as never })
      request.once('error', reject)
      request.once('response', async (response) => {
        const body = await readAll(response)
        const half = { fields: ours(response.rawHeaders), body, trailers: ours(response.rawTrailers) }
        resolve(said(String(response.statusCode), half))
      })
      if (chunked) {
        for (const chunk of piecesOf(half.body, piece)) request.write(chunk)
        if (half.trailers.length > 0) request.addTrailers([[half.trailers[0] as string, half.trailers[1] as string]])
        request.end()
      } else request.end(half.body === '' ? undefined : Buffer.from(half.body, 'latin1'))
    })
  }
}

function texts(raw: readonly Buffer[] | null | undefined): string[] {
  return (raw ?? []).map((part) => part.toString('latin1'))
}

/** undici cannot send trailers. */
function undiciClient(client: Client): Ask {
  return (number, exchange) => {
    const { method, path, request, piece } = exchange
    let body: Buffer | Readable | null = null
    if (request.body !== '') {
      body = piece === 0 ? Buffer.from(request.body, 'latin1') : Readable.from(piecesOf(request.body, piece))
    }
    const headers = fieldsOf(number, exchange, true)
    return new Promise((resolve, reject) => {
      const heard = { start: '', fields: [] as string[], body: '', trailers: [] as string[] }
      const handler = {
        onConnect() {},
        onHeaders(status: number, raw: Buffer[]) {
          if (status < 200) return true
          heard.start = String(status)
          heard.fields = ours(texts(raw))
          return true
        },
        onData(chunk: Buffer) {
          heard.body += chunk.toString('latin1')
          return true
        },
        onComplete(raw: Buffer[] | null) {
          heard.trailers = ours(texts(raw))
          resolve(heard)
        },
        onError: reject,
      }
      const options = { method, path, headers, body } as Dispatcher.DispatchOptions
      client.dispatch(options, handler as unknown as Dispatcher.DispatchHandler)
    })
  }
}

async function askAll(ask: Ask, exchanges: readonly Exchange[], origin: Origin, trailers: boolean): Promise<string[]> {
  const problems: string[] = []
  const same = (what: string, number: number, is: Heard | undefined, should: Heard) => {
    if (JSON.stringify(is) !== JSON.stringify(should)) {
      problems.push(`${what} ${number}: heard ${JSON.stringify(is)}, said ${JSON.stringify(should)}`.slice(0, 2000))
    }
  }
  for (const [number, exchange] of exchanges.entries()) {
    const { method, path, request, status, answer } = exchange
    const heard = await ask(number, exchange)
    const sent = trailers ? request : { ...request, trailers: [] }
    same('request', number, origin.heard.get(number), said(`${method} ${path}`, sent))
    same('answer', number, heard, said(String(status), answer))
    if (problems.length > 4) break
  }
  return problems
}

for (const who of ['node:http', 'undici'] as const) {
  t.test(`${who} and node:http say and hear the same through the sidecar`, async (t) => {
    const random = new Seeded(who === 'undici' ? 22 : 21)
    const exchanges = Array.from({ length: 800 }, () => makeExchange(random))
    const origin = new Origin(exchanges)
    const proxy = await startProxy(services({ origin: await origin.listen() }))
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const client = new Client(`http://127.0.0.1:${proxy.outbound}`)
    t.teardown(async () => {
      agent.destroy()
      await client.destroy()
      await proxy.stop()
      origin.close()
    })
    const ask = who === 'undici' ? undiciClient(client) : nodeClient(proxy.outbound, agent)
    t.strictSame(await askAll(ask, exchanges, origin, who !== 'undici'), [])
    t.strictSame(
      proxy.log.filter((line) => line.startsWith('error')),
      [],
    )
  })
}

/** End-to-end fields: without framing, and without what the sidecar adds. */
const ADDED =
  /^(host|via|date|content-length|transfer-encoding|connection|x-request-id|x-outrigger-attempt|traceparent|b3)$/i

function passed(fields: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    if (!ADDED.test(fields[i] as string)) kept.push(fields[i] as string, fields[i + 1] as string)
  }
  return kept
}

function differs(message: Message, { meaning }: Generated, start: string): string {
  const is = JSON.stringify([start, passed(message.fields), message.body.toString('latin1'), message.trailers])
  const { method, target, status, fields, body, trailers } = meaning
  const should = JSON.stringify([status > 0 ? `${status}` : `${method} ${target}`, fields, body, trailers])
  return is === should ? '' : `heard ${is}, said ${should}`
}

function cutsOf(random: Seeded, bytes: Buffer): number[] {
  const cuts = Array.from({ length: random.pick([0, 1, 1, 3]) }, () => random.between(1, bytes.length - 1))
  return [...new Set(cuts)].sort((a, b) => a - b)
}

t.test('raw bytes, cut anywhere on either side, mean the same on the other', async (t) => {
  const random = new Seeded(23)
  const problems: string[] = []
  let request: Generated | undefined
  let response: Generated | undefined
  const serve = async (peer: OriginPeer): Promise<void> => {
    for (;;) {
      const message = await peer.request(60_000)
      const said = response as Generated
      const difference = differs(message, request as Generated, `${message.method} ${message.target}`)
      if (difference !== '') problems.push(`request ${difference}`)
      await peer.sendCut(said.bytes, cutsOf(random, said.bytes))
      if (said.untilClose) peer.halfClose()
    }
  }
  const origin = await startRawOrigin(serve)
  const proxy = await startProxy(services({ origin: origin.port }))
  const client = await connect(proxy.outbound)
  t.teardown(async () => {
    client.destroy()
    await proxy.stop()
    await origin.close()
  })
  let from = 0
  for (let i = 0; i < 400 && problems.length < 5; i++) {
    request = makeRequest(random, ['origin', 'Origin:80'])
    response = makeResponse(random, request.meaning.method)
    await client.sendCut(request.bytes, cutsOf(random, request.bytes))
    const method = request.meaning.method
    const message = await client.when('an answer', () => readResponse(client.received, { method, from }))
    const difference = differs(message, response, String(message.status))
    if (difference !== '') problems.push(`answer ${difference}`)
    from = message.next
  }
  t.strictSame(problems, [])
  t.strictSame(origin.errors, [])
  t.equal(client.ending, 'open')
})
