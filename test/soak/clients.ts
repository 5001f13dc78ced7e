/**
 * The clients of the soak: `clients.ts PORT RATE CONNECTIONS`. Open loop: requests have a timetable that does not ask how the
 * last one went; one that finds no free connection waits for one. Nine of ten are GETs, the tenth a PUT with 4 KiB, so
 * that there is something to send again. Of 200 clients one leaves in the middle: some before, some during their answer.
 * Prints its totals as JSON each second; ends the load when `stop` comes on stdin, and itself with stdin.
 */
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const LEAVING = 1 / 200
/** ms after which a client that leaves has left. */
const LEAVES_WITHIN = 30
const PUTS = 0.1
const PUT_BYTES = 4096

const HEAD = 'HTTP/1.1\r\nHost: backend\r\nUser-Agent: soak\r\n'
const GET = Buffer.from(`GET /api/orders/1 ${HEAD}\r\n`)
const PUT = Buffer.from(`PUT /api/orders/1 ${HEAD}Content-Length: ${PUT_BYTES}\r\n\r\n${'x'.repeat(PUT_BYTES)}`)

export interface Totals {
  /** Requests whose bytes went out, and their answers by status. */
  sent: number
  answers: Record<string, number>
  /** The client left; the connection ended without a whole answer. */
  left: number
  broken: number
  /** Sent and not yet over; due and without a connection. */
  open: number
  waiting: number
  /** ms, of the last second: from when a request was due to its whole answer. */
  p50: number
  p99: number
}

const totals: Totals = { sent: 0, answers: {}, left: 0, broken: 0, open: 0, waiting: 0, p50: 0, p99: 0 }
const free: Client[] = []
/** When each request that waits was due. */
const due: number[] = []
let latencies: number[] = []
let over = false

class Client {
  readonly #port: number
  #socket: net.Socket | undefined
  #busy = false
  #from = 0
  #text = ''
  #need = -1
  #status = ''

  constructor(port: number) {
    this.#port = port
    this.open()
  }

  open(): void {
    if (over) return
    const socket = net.connect(this.#port, '127.0.0.1')
    this.#socket = socket
    this.#text = ''
    this.#need = -1
    socket.setNoDelay(true)
    socket.on('connect', () => this.#ready())
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.#closed())
  }

  #ready(): void {
    const next = due.shift()
    if (next === undefined) free.push(this)
    else this.send(next)
  }

  send(from: number): void {
    const socket = this.#socket as net.Socket
    this.#busy = true
    this.#from = from
    totals.sent++
    const bytes = Math.random() < PUTS ? PUT : GET
    if (Math.random() >= LEAVING) {
      socket.write(bytes)
      return
    }
    // Some leave before their request is whole.
    socket.write(Math.random() < 0.3 ? bytes.subarray(0, bytes.length >> 1) : bytes)
    setTimeout(() => this.#leave(socket), Math.random() * LEAVES_WITHIN)
  }

  #leave(socket: net.Socket): void {
    if (this.#socket !== socket) return
    if (!this.#busy) {
      // It was answered in time: a client that leaves between two requests, and gets no further one.
      const at = free.indexOf(this)
      if (at >= 0) free.splice(at, 1)
      socket.destroy()
      return
    }
    this.#busy = false
    totals.left++
    if (Math.random() < 0.5) socket.resetAndDestroy()
    else socket.destroy()
  }

  #closed(): void {
    if (this.#busy) totals.broken++
    this.#busy = false
    this.#socket = undefined
    const at = free.indexOf(this)
    if (at >= 0) free.splice(at, 1)
    setTimeout(() => this.open(), 5)
  }

  #read(chunk: Buffer): void {
    if (this.#need >= 0) this.#need -= chunk.length
    else {
      this.#text += chunk.toString('latin1')
      const end = this.#text.indexOf('\r\n\r\n')
      if (end < 0) return
      this.#status = this.#text.slice(9, 12)
      const length = /\r\ncontent-length: *(\d+)/i.exec(this.#text.slice(0, end))?.[1]
      this.#need = Number(length ?? 0) - (this.#text.length - end - 4)
      this.#text = ''
    }
    if (this.#need > 0) return
    this.#need = -1
    if (!this.#busy) return
    this.#busy = false
    totals.answers[this.#status] = (totals.answers[this.#status] ?? 0) + 1
    latencies.push(performance.now() - this.#from)
    this.#ready()
  }

  end(): void {
    this.#socket?.destroy()
  }
}

function report(): void {
  const sorted = latencies.toSorted((a, b) => a - b)
  latencies = []
  const answered = Object.values(totals.answers).reduce((sum, count) => sum + count, 0)
  totals.p50 = sorted[Math.floor(sorted.length * 0.5)] ?? 0
  totals.p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0
  totals.open = totals.sent - answered - totals.left - totals.broken
  totals.waiting = due.length
  process.stdout.write(`${JSON.stringify(totals)}\n`)
}

async function main(port: number, rate: number, connections: number): Promise<void> {
  const clients = Array.from({ length: connections }, () => new Client(port))
  let stopping = false
  process.stdin.on('data', () => (stopping = true)).on('end', () => process.exit(0))
  const start = performance.now()
  const reporter = setInterval(report, 1000)
  for (let made = 0; !stopping; ) {
    const now = performance.now()
    for (const end = Math.floor(((now - start) / 1000) * rate); made < end; made++) {
      const client = free.shift()
      if (client === undefined) due.push(now)
      else client.send(now)
    }
    await sleep(1)
  }
  due.length = 0
  clearInterval(reporter)
  for (let i = 0; i < 100; i++) {
    await sleep(50)
    report()
    if (totals.open === 0) break
  }
  over = true
  for (const client of clients) client.end()
  report()
}

const [port = 0, rate = 0, connections = 0] = process.argv.slice(2).map(Number)
await main(port, rate, connections)
