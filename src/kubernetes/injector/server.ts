/** The HTTPS server of the webhooks, and the plain one for probes and metrics. */
import {
  createServer as createPlain,
  type IncomingMessage,
  type Server as PlainServer,
  type ServerResponse,
} from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import type { Issued } from './certificates/issued.ts'
import { type AdmissionRequest, readReview, reviewText, type Verdict } from './webhooks/review.ts'

/** Bytes of a review: an object of the API is at most 1.5 MiB, comes with its old self, and grows in JSON. */
const LARGEST = 8 * 1024 * 1024

/** Bytes that all bodies may take which are not there whole yet; who sends a large one while there is no room is refused. */
const ROOM = 32 * 1024 * 1024
/** Bytes of a body that needs no room: reviews of pods are seldom larger, and whoever fills the room shall not stop them. */
const SMALL = 64 * 1024

/** ms that an idle connection is kept: longer than the API server keeps it (90 s), so that it is never we who close one in use. */
const IDLE = 120_000

export type Webhooks = Readonly<Record<string, (request: AdmissionRequest) => Verdict | Promise<Verdict>>>

export type ReviewReport = (
  path: string,
  result: 'allowed' | 'denied' | 'error',
  seconds: number,
  cause?: Error,
) => void

interface Place {
  readonly host: string
  readonly port: number
}

/** Takes connections once `listen` has resolved, and certificates at any time. */
export class WebhookServer {
  readonly #server: Server
  readonly #webhooks: Webhooks
  readonly #clock: Clock
  readonly #report: ReviewReport
  #underWay = 0
  /** Bytes of bodies that are being read. */
  #held = 0
  #closing = false
  #idle: (() => void) | undefined

  constructor(issued: Issued, webhooks: Webhooks, clock: Clock, report: ReviewReport) {
    this.#webhooks = webhooks
    this.#clock = clock
    this.#report = report
    const options = {
      ...issued,
      minVersion: 'TLSv1.2' as const,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      // How late the two above may come.
      connectionsCheckingInterval: 5000,
      keepAliveTimeout: IDLE,
    }
    this.#server = createServer(options, (request, response) => void this.#answer(request, response))
    // A handshake that fails is the client's news.
    this.#server.on('tlsClientError', () => {})
  }

  /** For the next handshakes; connections that are open go on. */
  setCertificate(issued: Issued): void {
    this.#server.setSecureContext({ ...issued, minVersion: 'TLSv1.2' })
  }

  /** `host:port` as bound. */
  listen(place: Place): Promise<string> {
    return listening(this.#server, place)
  }

  /** Answers end their connections from now on: whoever asks again comes to another replica. */
  sendAway(): void {
    this.#closing = true
  }

  /** Nothing new is taken; resolves when what is under way has been answered. */
  async close(): Promise<void> {
    this.sendAway()
    this.#server.close()
    this.#server.closeIdleConnections()
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    this.#server.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#underWay++
    const began = this.#clock.now()
    const path = (request.url ?? '/').split('?')[0] as string
    const said = (result: 'allowed' | 'denied' | 'error', cause?: Error): void =>
      this.#report(
        Object.hasOwn(this.#webhooks, path) ? path : 'other',
        result,
        (this.#clock.now() - began) / 1000,
        cause,
      )
    try {
      const { status, body, result } = await this.#review(path, request)
      said(result)
      this.#send(request, response, status, body)
    } catch (error) {
      // The API server then does what failurePolicy says.
      said('error', error as Error)
      this.#send(request, response, 500, JSON.stringify({ error: (error as Error).message }))
    } finally {
      this.#underWay--
      if (this.#underWay === 0) this.#idle?.()
    }
  }

  async #review(
    path: string,
    request: IncomingMessage,
  ): Promise<{ status: number; body: string; result: 'allowed' | 'denied' | 'error' }> {
    const refuse = (status: number, error: string) => ({
      status,
      body: JSON.stringify({ error }),
      result: 'error' as const,
    })
    const webhook = Object.hasOwn(this.#webhooks, path) ? this.#webhooks[path] : undefined
    if (webhook === undefined) return refuse(404, `there are ${Object.keys(this.#webhooks).join(', ')}`)
    if (request.method !== 'POST') return refuse(405, 'this path takes POST')
    const text = await this.#readBody(request)
    if (typeof text !== 'string') return refuse(text.status, text.error)
    let review: ReturnType<typeof readReview>
    try {
      review = readReview(text)
    } catch (error) {
      return refuse(400, (error as Error).message)
    }
    const verdict = await webhook(review.request)
    const body = reviewText(review.apiVersion, review.request.uid, verdict)
    return { status: 200, body, result: verdict.allowed ? 'allowed' : 'denied' }
  }

  async #readBody(request: IncomingMessage): Promise<string | { status: number; error: string }> {
    const chunks: Buffer[] = []
    let size = 0
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length
        this.#held += chunk.length
        if (size > LARGEST) return { status: 413, error: `a review has at most ${LARGEST} bytes` }
        if (size > SMALL && this.#held > ROOM) return { status: 503, error: 'too many large reviews at once' }
        chunks.push(chunk)
      }
    } finally {
      this.#held -= size
    }
    return Buffer.concat(chunks).toString()
  }

  #send(request: IncomingMessage, response: ServerResponse, status: number, body: string): void {
    const close = this.#closing || !request.complete
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(close ? { connection: 'close' } : {}),
    })
    response.end(body)
  }
}

export interface AdminAnswers {
  ready(): boolean
  metrics(): Promise<string>
  readonly metricsType: string
}

/** /livez, /readyz, /startupz, /metrics. */
export async function startAdmin(place: Place, answers: AdminAnswers): Promise<{ address: string; close(): void }> {
  const server = createPlain((request, response) => {
    const path = (request.url ?? '/').split('?')[0] as string
    const send = (status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type }).end(text)
    }
    if (path === '/metrics') {
      answers.metrics().then(
        (text) => send(200, text, answers.metricsType),
        (error) => send(500, String(error)),
      )
    } else if (path === '/livez') send(200, 'ok\n')
    else if (path === '/readyz' || path === '/startupz')
      send(answers.ready() ? 200 : 503, answers.ready() ? 'ok\n' : 'no\n')
    else send(404, 'there are /livez, /readyz, /startupz, /metrics\n')
  })
  const address = await listening(server, place)
  return {
    address,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** `[::]` is 0.0.0.0 where the kernel has no IPv6. */
function listening(server: Server | PlainServer, { host, port }: Place): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (host === '::' && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL')) {
      resolve(listening(server, { host: '0.0.0.0', port }))
    } else
      reject(
        new Error(
          `cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}: ${error.code ?? error.message}`,
        ),
      )
  })
  server.listen(port, host, () => {
    server.removeAllListeners('error')
    server.on('error', () => {})
    const { address, port: bound, family } = server.address() as AddressInfo
    resolve(family === 'IPv6' ? `[${address}]:${bound}` : `${address}:${bound}`)
  })
  return promise
}
