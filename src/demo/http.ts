/** The few lines of HTTP that the sample services share. */
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers in JSON; without a value, with an empty body. */
export function answer(response: ServerResponse, status: number, value?: unknown): void {
  const body = value === undefined ? '' : JSON.stringify(value)
  response.writeHead(status, {
    ...(body === '' ? {} : { 'content-type': 'application/json' }),
    // A 204 has no length to tell (RFC 9110 §8.6).
    ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(body) }),
  })
  response.end(body)
}

const MAX_BODY = 64 * 1024

/** Reads a JSON object; undefined when it is none, or larger than 64 KiB. */
export function readJson(message: IncomingMessage, done: (value: Record<string, unknown> | undefined) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  message.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= MAX_BODY) chunks.push(chunk)
  })
  message.on('end', () => done(size > MAX_BODY ? undefined : parseObject(Buffer.concat(chunks).toString())))
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

export type Handler = (message: IncomingMessage, response: ServerResponse, url: URL) => void

/** Listens on loopback and resolves with `HOST:PORT`. Idle connections stay: the clients decide when they go. */
export function serve(port: number, handler: Handler): Promise<{ server: Server; listen: string }> {
  const server = createServer((message, response) => {
    const target = message.url ?? '/'
    if (URL.canParse(target, 'http://sample')) handler(message, response, new URL(target, 'http://sample'))
    else answer(response, 400, { error: 'not a URL' })
  })
  server.keepAliveTimeout = 120_000
  server.requestTimeout = 0
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port, backlog: 4096 }, () => {
      const address = server.address() as AddressInfo
      resolve({ server, listen: `127.0.0.1:${address.port}` })
    })
  })
}

/** Looking again and again shall cost little: the connection stays, for less than the 5 s after which Node's servers close it. */
const looking = new Agent({ keepAlive: true, timeout: 4000 })

/** One small JSON call, for controls and for looking at an admin port. Rejects on a broken connection or after `limitMs`. */
export function callJson(
  address: string,
  method: string,
  path: string,
  body?: unknown,
  limitMs = 20_000,
): Promise<{ status: number; value: unknown }> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const colon = address.lastIndexOf(':')
    const call = request({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      method,
      path,
      agent: looking,
      timeout: limitMs,
      headers:
        text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
    })
    call.on('timeout', () => call.destroy(new Error(`No answer from ${address}${path} within ${limitMs} ms`)))
    call.on('error', reject)
    call.on('response', (message) => {
      const chunks: Buffer[] = []
      message.on('data', (chunk: Buffer) => chunks.push(chunk))
      message.on('error', reject)
      message.on('end', () => {
        const content = Buffer.concat(chunks).toString()
        resolve({ status: message.statusCode ?? 0, value: parseObject(content) ?? content })
      })
    })
    call.end(text)
  })
}
