/** How the application of this suite asks others: once, or on and on over HTTP/1.1 or HTTP/2. Lies beside app.ts in its ConfigMap. */
import { Agent, request } from 'node:http'
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { setTimeout as pause } from 'node:timers/promises'

/** ms between the answer of one request and the next one of the same client. */
const PACE = 10
const FAILURES_KEPT = 10
const BODY = 'a write, which nobody may carry out twice'

/** `text` is what came, or what broke it; `status` 0 where nothing came. */
export interface Outcome {
  readonly status: number
  readonly text: string
}

export interface Counts {
  requests: number
  failed: number
  /** Of HTTP/2: refused before anybody worked on them, and asked again. */
  refused: number
  /** The first of them: `ms since the start: what`. */
  readonly failures: string[]
  /** ms that the slowest one took. */
  slowest: number
}

export function ask(url: string, agent: Agent, host?: string, method = 'GET'): Promise<Outcome> {
  return new Promise((resolve) => {
    const headers = host === undefined ? {} : { host }
    const asked = request(url, { method, agent, headers, timeout: 15_000 }, async (answer) => {
      try {
        let text = ''
        for await (const chunk of answer) text += chunk
        resolve({ status: answer.statusCode ?? 0, text })
      } catch (error) {
        resolve({ status: 0, text: `broke off: ${error}` })
      }
    })
    asked.on('timeout', () => asked.destroy(new Error('nothing for 15 s')))
    asked.on('error', (error) => resolve({ status: 0, text: `${error}` }))
    asked.end(method === 'POST' ? BODY : undefined)
  })
}

/** A client of HTTP/2. What was refused before anybody worked on it is asked again, as every client may (RFC 9113 §8.7). */
class Http2Client {
  refused = 0
  readonly #keeps: boolean
  #session: ClientHttp2Session | undefined

  constructor(keeps: boolean) {
    this.#keeps = keeps
  }

  async ask(url: string, method: string): Promise<Outcome> {
    for (;;) {
      const outcome = await this.#once(new URL(url), method)
      if (outcome !== undefined) return outcome
      this.refused += 1
    }
  }

  close(): void {
    this.#session?.close()
  }

  #connected(origin: string): ClientHttp2Session {
    const kept = this.#session
    if (kept !== undefined && !kept.closed && !kept.destroyed) return kept
    const session = connect(origin)
    // Its streams are told, too.
    session.on('error', () => {})
    this.#session = session
    return session
  }

  /** undefined: refused. */
  #once({ origin, host, pathname }: URL, method: string): Promise<Outcome | undefined> {
    const session = this.#connected(origin)
    return new Promise((resolve) => {
      const stream = session.request({ ':method': method, ':path': pathname, ':authority': host })
      let status = 0
      let text = ''
      let error = ''
      stream.setEncoding('utf8')
      stream.setTimeout(15_000, () => stream.destroy(new Error('nothing for 15 s')))
      stream.on('response', (head) => (status = Number(head[':status'])))
      stream.on('data', (chunk) => (text += chunk))
      stream.on('error', (cause) => (error = `${cause}`))
      stream.on('close', () => {
        if (!this.#keeps) session.close()
        if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) resolve(undefined)
        else if (error !== '') resolve({ status: 0, text: `${status} ${error}` })
        else resolve({ status, text: status === 0 ? `closed, ${stream.rstCode}` : text })
      })
      stream.end(method === 'POST' ? BODY : undefined)
    })
  }
}

type Asks = (url: string, method: string) => Promise<Outcome>

/** Clients, one half on kept connections and the other on a new one for each request, of both one half with POST, until `end`. */
export class Load {
  readonly counts: Counts = { requests: 0, failed: 0, refused: 0, failures: [], slowest: 0 }
  readonly #start = performance.now()
  readonly #clients: Promise<void>[]
  readonly #close: (() => void)[] = []
  readonly #http2: Http2Client[] = []
  #ended = false

  constructor(url: string, clients: number, protocol: string) {
    // One connection for two clients of HTTP/2, of which one reads and the other writes.
    const shared = new Map<number, Asks>()
    this.#clients = Array.from({ length: clients }, (_, at) => {
      const keeps = at % 2 === 0
      const pair = keeps ? at - (at % 4) : at
      const asks = shared.get(pair) ?? (protocol === 'http2' ? this.#overHttp2(keeps) : this.#overHttp1(keeps))
      if (protocol === 'http2') shared.set(pair, asks)
      return this.#client(url, keeps, at % 4 < 2 ? 'GET' : 'POST', asks)
    })
  }

  async end(): Promise<Counts> {
    this.#ended = true
    await Promise.all(this.#clients)
    for (const close of this.#close) close()
    this.counts.refused = this.#http2.reduce((sum, { refused }) => sum + refused, 0)
    return this.counts
  }

  #overHttp1(keepAlive: boolean): Asks {
    const agent = new Agent({ keepAlive })
    this.#close.push(() => agent.destroy())
    return (url, method) => ask(url, agent, undefined, method)
  }

  #overHttp2(keeps: boolean): Asks {
    const client = new Http2Client(keeps)
    this.#http2.push(client)
    this.#close.push(() => client.close())
    return (url, method) => client.ask(url, method)
  }

  async #client(url: string, keepAlive: boolean, method: string, asks: Asks): Promise<void> {
    while (!this.#ended) {
      const began = performance.now()
      const { status, text } = await asks(url, method)
      const took = performance.now() - began
      this.counts.requests += 1
      this.counts.slowest = Math.max(this.counts.slowest, Math.round(took))
      if (status !== 200) this.#failed(`${method}, ${keepAlive ? 'kept' : 'new'}`, began, `${status} ${text}`)
      await pause(PACE)
    }
  }

  #failed(client: string, began: number, what: string): void {
    const { counts } = this
    counts.failed += 1
    const line = `${Math.round(began - this.#start)} (${client}): ${what.slice(0, 300)}`
    if (counts.failures.length < FAILURES_KEPT) counts.failures.push(line)
  }
}
