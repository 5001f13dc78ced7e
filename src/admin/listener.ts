/** The admin listener: beside the data path, on plain `node:http`. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { listenOn } from '../net/any-address.ts'
import { type Answer, refusal } from './answer.ts'
import { Outbox } from './outbox.ts'
import { Peers } from './peers.ts'
import { refuseChange, refuseRead } from './protect.ts'
import { readBody } from './read-body.ts'
import { changeAt, EVENTS, isGuarded, otherMethod, read, TAP } from './routes.ts'
import type { AdminSource } from './source.ts'
import { Events } from './streams/events.ts'
import type { Stream } from './streams/stream.ts'
import { Taps } from './streams/tap.ts'

export interface AdminListener {
  /** `host:port`, IPv6 in brackets, as bound. */
  readonly address: string
  close(): Promise<void>
}

/** Enough for probes, scrapers and people; whoever holds more open is none of them. */
const CONNECTIONS = 256
const LIMITS = {
  maxHeaderSize: 16_384,
  headersTimeout: 5000,
  requestTimeout: 10_000,
  // How often Node looks whether these have passed.
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 5000,
  // A tap that nothing fits is written nothing: whether its reader is still there, only the kernel finds out.
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
}

/** Rejects with a sentence when it cannot listen. */
export function startAdmin(
  listen: { readonly host: string; readonly port: number },
  source: AdminSource,
  clock: Clock,
): Promise<AdminListener> {
  const streams = new Map<string, Stream>([
    [EVENTS, new Events(clock, source)],
    [TAP, new Taps(clock, source)],
  ])
  const outbox = new Outbox(clock)
  const peers = new Peers()
  const server = createServer(LIMITS, (request, response) => {
    // Behind another answer: in one packet there is room for hundreds of questions whose answers are long. Nobody pipelines here.
    if (response.socket === null) return void request.socket.destroy()
    const stream = request.method === 'GET' ? streams.get(pathOf(request)) : undefined
    if (stream !== undefined) return joined(stream, request, response, outbox)
    answer(request, source).then(
      (made) => outbox.send(request, response, made),
      (error) => outbox.send(request, response, refusal(500, 'internal_error', String(error))),
    )
  })
  server.maxConnections = CONNECTIONS
  server.on('connection', (socket) => peers.connected(socket))
  const { promise, resolve, reject } = Promise.withResolvers<AdminListener>()
  const refused = (error: NodeJS.ErrnoException) => reject(new Error(sentence(error, listen)))
  listenOn(server, listen.host, listen.port, refused, () => {
    server.on('error', () => {})
    resolve({ address: addressOf(server), close: () => close(server) })
  })
  return promise
}

async function answer(request: IncomingMessage, source: AdminSource): Promise<Answer> {
  const target = request.url ?? '/'
  const path = pathOf(request)
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return (
        (isGuarded(path) ? refuseRead(request) : undefined) ??
        read(path, new URLSearchParams(target.slice(path.length + 1)), request.headers.accept ?? '', source)
      )
    case 'POST': {
      const change = changeAt(path)
      if (typeof change !== 'function') return change
      const refused = refuseChange(request)
      if (refused !== undefined) return refused
      const body = await readBody(request)
      if (body === undefined) return refusal(413, 'too_large', 'no body of ours is that large')
      return change(source, body)
    }
    default:
      return otherMethod(path)
  }
}

function joined(stream: Stream, request: IncomingMessage, response: ServerResponse, outbox: Outbox): void {
  let refused: Answer | undefined
  try {
    refused = refuseRead(request) ?? stream.join(request, response)
  } catch (error) {
    refused = refusal(500, 'internal_error', String(error))
  }
  if (refused !== undefined) outbox.send(request, response, refused)
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}

function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function sentence(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): string {
  const where = `admin listener: cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where}: the port is taken`
    case 'EACCES':
      return `${where}: not permitted; ports below 1024 need a privilege`
    case 'EADDRNOTAVAIL':
      return `${where}: this machine does not have that address`
    case 'ENOTFOUND':
      return `${where}: the name could not be resolved`
    default:
      return `${where}: ${error.message}`
  }
}
