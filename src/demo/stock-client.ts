/**
 * How the order service asks inventory: as a Java shop does, with the settings that come with its client library. The
 * figures are the libraries' own defaults; they are what an outage meets when nobody has thought about it.
 */
import { type Agent, request } from 'node:http'
import { after } from './time.ts'

export interface ClientSettings {
  /** ms to wait for an answer; Infinity: for ever. The connection itself is local and always quick. */
  readonly read: number
  /** Calls made at most for one question, the first included. */
  readonly attempts: number
  /** ms to wait before the next attempt; `made` calls (from 1) have failed. */
  backoff(made: number): number
}

const CLIENTS: Readonly<Record<string, ClientSettings>> = {
  /** HttpURLConnection, RestTemplate as they come: no limit at all. */
  none: { read: Number.POSITIVE_INFINITY, attempts: 1, backoff: () => 0 },
  /** OpenFeign as Spring Cloud users set it: connect 5 s, read 10 s, three attempts, 100 ms growing by half, at most 1 s. */
  feign: { read: 10_000, attempts: 3, backoff: (made) => Math.min(1000, 100 * 1.5 ** made) },
  /** Dubbo: timeout 5 s, retries 2, at once. */
  dubbo: { read: 5000, attempts: 3, backoff: () => 0 },
}

const CLIENT_NAMES = Object.keys(CLIENTS)

/** The settings of that name with every time divided by `scale`. Fails on an unknown name. */
export function clientSettings(name: string, scale: number): ClientSettings {
  const settings = CLIENTS[name]
  if (settings === undefined) throw new RangeError(`Unknown client '${name}': one of ${CLIENT_NAMES.join(', ')}`)
  return {
    read: settings.read / scale,
    attempts: settings.attempts,
    backoff: (made) => settings.backoff(made) / scale,
  }
}

/** Where inventory is asked. */
export interface StockRoute {
  /** `HOST:PORT` to connect to: inventory itself, or the outbound listener of the sidecar. */
  readonly connect: string
  /** True: as through any HTTP proxy, in absolute form and by the service's name, which the sidecar resolves. */
  readonly byName: boolean
}

/** What came of a question. `status` 0: no answer in time, or no connection. */
export interface StockAnswer {
  readonly status: number
  readonly failure: '' | 'timeout' | 'connection'
  /** The sidecar's word for it, when the answer is the sidecar's own. */
  readonly reason: string
  /** How many calls it took. */
  readonly calls: number
}

/** Asks whether there are enough; `done` is called exactly once. */
export function askStock(
  agent: Agent,
  route: StockRoute,
  settings: ClientSettings,
  sku: string,
  quantity: number,
  done: (answer: StockAnswer) => void,
): void {
  const path = `/api/stock/${encodeURIComponent(sku.toWellFormed())}?quantity=${quantity}`
  let calls = 0
  const again = (): void => {
    calls++
    attempt(agent, route, path, settings.read, (status, failure, reason) => {
      // Like Feign and Dubbo: an answer is an answer, whatever its status; only silence and broken connections are retried.
      if (failure === '' || calls >= settings.attempts) done({ status, failure, reason, calls })
      else if (settings.backoff(calls) > 0) after(settings.backoff(calls), again)
      else again()
    })
  }
  again()
}

type AttemptDone = (status: number, failure: StockAnswer['failure'], reason: string) => void

function attempt(agent: Agent, route: StockRoute, path: string, read: number, done: AttemptDone): void {
  const colon = route.connect.lastIndexOf(':')
  let open = true
  const settle: AttemptDone = (status, failure, reason) => {
    if (!open) return
    open = false
    timer?.cancel()
    done(status, failure, reason)
  }
  const call = request({
    agent,
    host: route.connect.slice(0, colon),
    port: Number(route.connect.slice(colon + 1)),
    path: route.byName ? `http://inventory${path}` : path,
    headers: { host: 'inventory' },
  })
  const timer = Number.isFinite(read)
    ? after(read, () => {
        call.destroy()
        settle(0, 'timeout', '')
      })
    : undefined
  call.on('response', (answer) => {
    const reason = answer.headers['x-outrigger-reason']
    answer.on('end', () => settle(answer.statusCode ?? 0, '', typeof reason === 'string' ? reason : ''))
    answer.on('error', () => settle(0, 'connection', ''))
    answer.resume()
  })
  call.on('error', () => settle(0, 'connection', ''))
  call.on('close', () => settle(0, 'connection', ''))
  call.end()
}
