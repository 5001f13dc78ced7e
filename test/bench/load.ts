/**
 * Load and origin, each a process of its own, on bare sockets so that they cost little:
 *   origin PORT HTTP2-PORT COLLECTOR-PORT · closed PORT … · http2 PORT … · paced … · idle … · first …
 * Prints one line of JSON (`idle` and `origin` first, then they wait for the end of stdin).
 */
import { connect, createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const HOST = '127.0.0.1'
export const GET_PATH = '/api/orders/1'
export const POST_PATH = '/upload/orders'
export const CALL_PATH = '/order.OrderService/GetOrder'
export const POST_BYTES = 10_240
/** What the origin answers: 1 KiB of JSON. */
/** One message of a gRPC call in either direction: not compressed, 100 bytes. */
export const MESSAGE: Buffer = Buffer.concat([Buffer.from([0, 0, 0, 0, 100]), Buffer.alloc(100, 'y')])
export const ANSWER = `{"orderNo":"ORD001","amount":100.0,"status":"PAID","pad":"${'x'.repeat(965)}"}`

function request(post: boolean): Buffer {
  const head = `${post ? 'POST' : 'GET'} ${post ? POST_PATH : GET_PATH} HTTP/1.1\r\nHost: ${HOST}\r\n`
  if (!post) return Buffer.from(`${head}\r\n`)
  return Buffer.from(
    `${head}Content-Type: application/json\r\nContent-Length: ${POST_BYTES}\r\n\r\n${'x'.repeat(POST_BYTES)}`,
  )
}

/** One keep-alive connection, one request at a time; answers must have a length. */
class Line {
  #socket!: net.Socket
  #text = ''
  #need = -1
  readonly #port: number
  readonly #bytes: Buffer
  /** Called once per answer; status 0: none came. */
  readonly #answered: (status: number) => void
  #status = 0
  #busy = false
  #over = false

  constructor(port: number, bytes: Buffer, answered: (status: number) => void) {
    this.#port = port
    this.#bytes = bytes
    this.#answered = answered
    this.#open()
  }

  #open(): void {
    this.#socket = net.connect(this.#port, HOST)
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      if (this.#over) return
      this.#text = ''
      this.#need = -1
      const busy = this.#busy
      this.#busy = false
      setTimeout(() => !this.#over && this.#open(), 20)
      if (busy) setTimeout(() => this.#answered(0), 25)
    })
  }

  send(): void {
    this.#busy = true
    this.#socket.write(this.#bytes)
  }

  close(): void {
    this.#over = true
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    if (this.#need >= 0) this.#need -= chunk.length
    else {
      this.#text += chunk.toString('latin1')
      const end = this.#text.indexOf('\r\n\r\n')
      if (end < 0) return
      this.#status = Number(this.#text.slice(9, 12))
      const length = /\r\ncontent-length: *(\d+)/i.exec(this.#text.slice(0, end))?.[1]
      this.#need = Number(length ?? 0) - (this.#text.length - end - 4)
      this.#text = ''
    }
    if (this.#need > 0) return
    this.#need = -1
    this.#busy = false
    this.#answered(this.#status)
  }
}

/** As fast as `connections` allow; the first `warm` seconds do not count. */
async function closed(port: number, connections: number, seconds: number, post: boolean): Promise<object> {
  let count = 0
  let bad = 0
  const lines: Line[] = []
  for (let i = 0; i < connections; i++) {
    const line: Line = new Line(port, request(post), (status) => {
      count++
      if (status !== 200) bad++
      line.send()
    })
    lines.push(line)
    line.send()
  }
  const start = performance.now()
  await sleep(seconds * 1000)
  const took = performance.now() - start
  for (const line of lines) line.close()
  return { count, bad, rps: (count / took) * 1000 }
}

const CALL = { ':method': 'POST', ':path': CALL_PATH, te: 'trailers', 'content-type': 'application/grpc' }

/** The same over HTTP/2: `streams` requests at a time on each connection, GETs or calls of gRPC. */
async function http2(
  port: number,
  connections: number,
  streams: number,
  seconds: number,
  calls: boolean,
): Promise<object> {
  let count = 0
  let bad = 0
  let over = false
  const sessions = Array.from({ length: connections }, () => connect(`http://${HOST}:${port}`))
  for (const session of sessions) {
    session.on('error', () => {})
    const ask = (): void => {
      if (over || session.destroyed) return
      const stream = session.request(calls ? CALL : { ':path': GET_PATH })
      if (calls) stream.end(MESSAGE)
      let status = 0
      stream.on('response', (fields) => (status = Number(fields[':status'])))
      stream.on('error', () => {})
      stream.on('close', () => {
        if (over) return
        count++
        if (status !== 200) bad++
        ask()
      })
      stream.resume()
    }
    for (let i = 0; i < streams; i++) ask()
  }
  const start = performance.now()
  await sleep(seconds * 1000)
  over = true
  for (const session of sessions) session.destroy()
  return { count, bad, rps: (count / (performance.now() - start)) * 1000 }
}

/** `rate` a second, whatever the answers do; a request that finds no free connection waits, and its wait counts. */
async function paced(port: number, connections: number, seconds: number, rate: number): Promise<object> {
  const free: { line: Line; sent: number }[] = []
  const waiting: number[] = []
  const start = performance.now()
  /** By the second in which they were sent. */
  const latencies: number[][] = Array.from({ length: Math.ceil(seconds) + 1 }, () => [])
  let bad = 0
  let count = 0
  const all: Line[] = []
  const begin = (slot: { line: Line; sent: number }, from: number): void => {
    slot.sent = from
    slot.line.send()
  }
  for (let i = 0; i < connections; i++) {
    const slot: { line: Line; sent: number } = { line: undefined as unknown as Line, sent: 0 }
    slot.line = new Line(port, request(false), (status) => {
      if (status === 200) latencies[Math.floor((slot.sent - start) / 1000)]?.push(performance.now() - slot.sent)
      else bad++
      count++
      const next = waiting.shift()
      if (next === undefined) free.push(slot)
      else begin(slot, next)
    })
    all.push(slot.line)
    free.push(slot)
  }
  let made = 0
  while (performance.now() - start < seconds * 1000) {
    const now = performance.now()
    const due = Math.floor(((now - start) / 1000) * rate)
    for (; made < due; made++) {
      const slot = free.shift()
      if (slot === undefined) waiting.push(now)
      else begin(slot, performance.now())
    }
    await sleep(1)
  }
  await sleep(200)
  for (const line of all) line.close()
  return { count, bad, p50: ofSeconds(latencies, rate, 0.5), p99: ofSeconds(latencies, rate, 0.99) }
}

/**
 * A quantile of each whole second, and of those the median, µs: what stops the machine for some milliseconds once in a spell
 * is most of the p99 of the whole of it, and says nothing of who is measured. What happens each second is in all of them.
 */
function ofSeconds(latencies: readonly number[][], rate: number, quantile: number): number {
  const whole = latencies.filter(({ length }) => length > rate / 2)
  const each = whole.map((one) => one.sort((a, b) => a - b)[Math.floor(quantile * one.length)] ?? 0)
  each.sort((a, b) => a - b)
  return (each[each.length >> 1] ?? 0) * 1000
}

/** `connections` that have each had one answer, and then are silent until stdin ends. */
async function idle(port: number, connections: number): Promise<void> {
  let good = 0
  const lines: Line[] = []
  for (let i = 0; i < connections; i++) {
    const line = new Line(port, request(false), (status) => void (good += status === 200 ? 1 : 0))
    lines.push(line)
    line.send()
    if (i % 100 === 99) await sleep(20)
  }
  for (let i = 0; i < 100 && good < connections; i++) await sleep(50)
  console.log(JSON.stringify({ good }))
  await endOfInput()
  for (const line of lines) line.close()
}

/** When the first 200 came, as `Date.now()`; a try each ms. */
async function first(port: number, limit: number): Promise<object> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const end = Date.now() + limit
  let done = false
  while (!done && Date.now() < end) {
    const socket = net.connect(port, HOST, () => socket.write(request(false)))
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      if (!done && chunk.toString('latin1', 0, 12) === 'HTTP/1.1 200') {
        done = true
        resolve(performance.timeOrigin + performance.now())
      }
      socket.destroy()
    })
    await sleep(1)
  }
  if (!done) resolve(0)
  return { at: await promise }
}

function endOfInput(): Promise<void> {
  return new Promise((resolve) =>
    process.stdin
      .on('end', () => resolve())
      .on('close', () => resolve())
      .resume(),
  )
}

/** Stands in where there is no nginx: reads whole requests by their length, answers 1 KiB. */
function origin(port: number): void {
  const answer = Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${ANSWER.length}\r\n\r\n${ANSWER}`,
  )
  const server = net.createServer((socket) => {
    let head = ''
    let body = 0
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      let text = chunk.toString('latin1')
      while (text !== '') {
        const taken = Math.min(body, text.length)
        body -= taken
        text = text.slice(taken)
        if (taken > 0 && body === 0) socket.write(answer)
        if (text === '') return
        head += text
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        text = head.slice(end + 4)
        body = Number(/\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1] ?? 0)
        head = ''
        if (body === 0) socket.write(answer)
      }
    })
  })
  server.listen(port, HOST)
}

/** A GET at once, a call of gRPC once its message was read. */
function answerHttp2(request: Http2ServerRequest, response: Http2ServerResponse): void {
  if (request.method !== 'POST') {
    response.end(ANSWER)
    return
  }
  request.resume()
  request.on('end', () => {
    response.setHeader('content-type', 'application/grpc')
    response.addTrailers({ 'grpc-status': '0' })
    response.end(MESSAGE)
  })
}

async function main([mode, ...rest]: readonly string[]): Promise<void> {
  const [port = 0, a = 0, b = 0, c = 0, d = 0] = rest.map(Number)
  if (mode === 'origin') {
    origin(port)
    createServer(answerHttp2).listen(a, HOST)
    origin(b)
    await endOfInput()
    process.exit(0)
  } else if (mode === 'idle') await idle(port, a)
  else if (mode === 'closed') console.log(JSON.stringify(await closed(port, a, b, c === 1)))
  else if (mode === 'http2') console.log(JSON.stringify(await http2(port, a, b, c, d === 1)))
  else if (mode === 'paced') console.log(JSON.stringify(await paced(port, a, b, c)))
  else if (mode === 'first') console.log(JSON.stringify(await first(port, a)))
  process.exit(0)
}

if (import.meta.main) await main(process.argv.slice(2))
