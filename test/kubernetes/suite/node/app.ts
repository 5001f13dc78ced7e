/**
 * The application in every pod of this suite, by itself in a ConfigMap: says what has reached it, asks others, and loads them.
 * `node app.ts` listens on 8080 and 9090, `node app.ts URL` asks once, prints the outcome and ends.
 */
import { Agent, createServer, request } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
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

/** What has reached the application. */
export interface Seen {
  readonly pod: string
  readonly port: number
  readonly peer: string
  readonly host: string
  readonly client: string
  readonly via: string
}

export interface Counts {
  requests: number
  failed: number
  /** The first of them: `ms since the start: what`. */
  readonly failures: string[]
  /** ms that the slowest one took. */
  slowest: number
}

function ask(url: string, agent: Agent, host?: string, method = 'GET'): Promise<Outcome> {
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

/** Clients, one half on kept connections and the other on a new one for each request, of both one half with POST, until `end`. */
class Load {
  readonly counts: Counts = { requests: 0, failed: 0, failures: [], slowest: 0 }
  readonly #start = performance.now()
  readonly #clients: Promise<void>[]
  #ended = false

  constructor(url: string, clients: number) {
    this.#clients = Array.from({ length: clients }, (_, at) => {
      return this.#client(url, at % 2 === 0, at % 4 < 2 ? 'GET' : 'POST')
    })
  }

  async end(): Promise<Counts> {
    this.#ended = true
    await Promise.all(this.#clients)
    return this.counts
  }

  async #client(url: string, keepAlive: boolean, method: string): Promise<void> {
    const agent = new Agent({ keepAlive })
    while (!this.#ended) {
      const began = performance.now()
      const { status, text } = await ask(url, agent, undefined, method)
      const took = performance.now() - began
      this.counts.requests += 1
      this.counts.slowest = Math.max(this.counts.slowest, Math.round(took))
      if (status !== 200) this.#failed(`${method}, ${keepAlive ? 'kept' : 'new'}`, began, `${status} ${text}`)
      await pause(PACE)
    }
    agent.destroy()
  }

  #failed(client: string, began: number, what: string): void {
    const { counts } = this
    counts.failed += 1
    const line = `${Math.round(began - this.#start)} (${client}): ${what.slice(0, 300)}`
    if (counts.failures.length < FAILURES_KEPT) counts.failures.push(line)
  }
}

let load: Load | undefined

/** `/ask?url=&host=`, `/load?url=&clients=`, `/end`; anything else is answered with what came. */
async function answer(asked: IncomingMessage, port: number): Promise<unknown> {
  const { pathname, searchParams } = new URL(asked.url ?? '/', 'http://app')
  const url = searchParams.get('url') ?? ''
  switch (pathname) {
    case '/ask':
      return ask(url, new Agent(), searchParams.get('host') ?? undefined)
    case '/load':
      await load?.end()
      load = new Load(url, Number(searchParams.get('clients')))
      return {}
    case '/end':
      return load?.end()
    default:
      return seen(asked, port)
  }
}

function seen({ headers, socket }: IncomingMessage, port: number): Seen {
  return {
    pod: process.env['HOSTNAME'] ?? '',
    port,
    peer: socket.remoteAddress ?? '',
    host: headers.host ?? '',
    client: String(headers['x-forwarded-for'] ?? ''),
    via: String(headers['via'] ?? ''),
  }
}

function serve(port: number): Server {
  const server = createServer(async (asked, response) => {
    const text = JSON.stringify(await answer(asked, port))
    asked.resume()
    response.setHeader('content-type', 'application/json')
    response.end(text)
  })
  return server.listen(port, '::')
}

const [once] = process.argv.slice(2)
if (once !== undefined) {
  const outcome = await ask(once, new Agent())
  console.log(JSON.stringify(outcome))
  process.exit(outcome.status === 200 ? 0 : 1)
}
const servers = [serve(8080), serve(9090)]
// As an application should: what is under way is finished, and then it ends.
process.on('SIGTERM', () => {
  let open = servers.length
  for (const server of servers) {
    server.close(() => {
      open -= 1
      if (open === 0) process.exit(0)
    })
  }
})
