/**
 * The sample order service: REST over a small store, behind what a Tomcat has, 200 slots and an accept queue without an
 * end. Only `POST` asks inventory; everything else needs nothing but a slot, and suffers all the same when there is none.
 * It does not notice that a client has left, as a servlet does not: an abandoned request is worked off like any other.
 * Controls, past the slots: `GET /control` tells the state of affairs; `POST /control` takes `{"inventory": {…}}`,
 * `{"reset": true}` for the peaks, `{"failNext": N}` to answer the next N requests with 503.
 */
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { answer, readJson, serve } from './http.ts'
import { isStatus, Orders } from './orders.ts'
import { Slots } from './slots.ts'
import { askStock, type ClientSettings, type StockAnswer, type StockRoute } from './stock-client.ts'
import { after, nowMs } from './time.ts'

export interface OrderOptions {
  readonly port: number
  readonly slots: number
  /** ms of work that every request does in its slot. */
  readonly workMs: number
  readonly client: ClientSettings
}

/** What `GET /control` tells. */
export interface OrderStats {
  readonly slots: number
  readonly busy: number
  /** Since the last reset, as are the next three. */
  readonly peak: number
  readonly waiting: number
  /** Longest time that a POST held its slot for an answer of inventory, all attempts included, in ms. */
  readonly longestHold: number
  /** Calls made to inventory. */
  readonly calls: number
  /** Requests that came to each kind of work, and answers by status: `{"GET": 12, "404": 2}`. */
  readonly counts: Readonly<Record<string, number>>
}

const SEEDS = 100

/** Starts it and resolves with `HOST:PORT`. */
export async function startOrder(options: OrderOptions): Promise<string> {
  const service = new OrderService(options)
  const { listen } = await serve(options.port, (message, response, url) => service.handle(message, response, url))
  return listen
}

class OrderService {
  readonly #options: OrderOptions
  readonly #slots: Slots
  readonly #orders = new Orders(SEEDS)
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  #inventory: StockRoute = { connect: '127.0.0.1:1', byName: false }
  #failNext = 0
  #longestHold = 0
  #calls = 0
  #counts: Record<string, number> = {}

  constructor(options: OrderOptions) {
    this.#options = options
    this.#slots = new Slots(options.slots)
  }

  handle(message: IncomingMessage, response: ServerResponse, url: URL): void {
    if (url.pathname === '/control') {
      readJson(message, (order) => this.#control(order, response))
      return
    }
    const method = message.method ?? ''
    // Read before the slot: a client that leaves while it waits must not take its body with it (a kernel would keep it).
    readJson(message, (wish) => {
      this.#slots.enter((leave) => {
        // A JVM thread sleeps while its database works; here the slot is held without one.
        after(this.#options.workMs, () => this.#work(method, url, wish, response, leave))
      })
    })
  }

  #work(method: string, url: URL, wish: Wish, response: ServerResponse, leave: () => void): void {
    const orderNo = /^\/api\/orders\/([^/]+)$/.exec(url.pathname)?.[1]
    const finish = (status: number, value?: unknown): void => {
      this.#count(String(status))
      answer(response, status, value)
      leave()
    }
    this.#count(method)
    if (this.#failNext > 0) {
      this.#failNext--
      finish(503, { error: 'told to fail' })
    } else if (url.pathname === '/api/orders' && method === 'POST') this.#create(wish, finish)
    else if (url.pathname === '/api/orders' && method === 'GET') {
      finish(200, this.#orders.ofUser(url.searchParams.get('userId') ?? ''))
    } else if (orderNo === undefined) finish(404, { error: 'unknown path' })
    else if (method === 'GET') this.#read(orderNo, finish)
    else if (method === 'PUT') this.#move(wish, orderNo, finish)
    else if (method === 'DELETE') {
      const result = this.#orders.remove(orderNo)
      if (result === 'removed') finish(204)
      else finish(result === 'unknown' ? 404 : 409, { error: result })
    } else finish(405, { error: 'unknown method' })
  }

  #read(orderNo: string, finish: Finish): void {
    const order = this.#orders.find(orderNo)
    if (order === undefined) finish(404, { error: 'unknown' })
    else finish(200, order)
  }

  #move(wish: Wish, orderNo: string, finish: Finish): void {
    const status = wish?.['status']
    if (!isStatus(status)) {
      finish(400, { error: 'status missing or unknown' })
      return
    }
    const result = this.#orders.move(orderNo, status)
    if (result === 'unknown') finish(404, { error: result })
    else if (result === 'conflict') finish(409, { error: result })
    else finish(200, result)
  }

  #create(wish: Wish, finish: Finish): void {
    const userId = wish?.['userId']
    const sku = wish?.['sku']
    const quantity = wish?.['quantity']
    if (typeof userId !== 'string' || typeof sku !== 'string' || typeof quantity !== 'number') {
      finish(400, { error: 'userId, sku and quantity are needed' })
      return
    }
    const asked = nowMs()
    askStock(this.#agent, this.#inventory, this.#options.client, sku, quantity, (stock) => {
      this.#longestHold = Math.max(this.#longestHold, nowMs() - asked)
      this.#calls += stock.calls
      if (stock.status === 200) finish(201, this.#orders.create(userId, sku, quantity, 'CREATED'))
      // The fallback's answer: nobody has asked inventory yet, so the order is kept and confirmed later.
      else if (stock.status === 202) finish(202, this.#orders.create(userId, sku, quantity, 'PENDING'))
      else finish(statusFor(stock), { error: 'inventory', reason: stock.reason === '' ? stock.failure : stock.reason })
    })
  }

  #control(order: Wish, response: ServerResponse): void {
    const inventory = order?.['inventory']
    if (isRoute(inventory)) this.#inventory = inventory
    if (typeof order?.['failNext'] === 'number') this.#failNext = order['failNext']
    // Told first, reset second: whoever resets learns what the stretch before was like.
    const stats = this.#stats()
    if (order?.['reset'] === true) {
      this.#slots.resetPeak()
      this.#longestHold = 0
      this.#calls = 0
      this.#counts = {}
    }
    answer(response, 200, stats)
  }

  #stats(): OrderStats {
    return {
      slots: this.#slots.limit,
      busy: this.#slots.busy,
      peak: this.#slots.peak,
      waiting: this.#slots.waiting,
      longestHold: this.#longestHold,
      calls: this.#calls,
      counts: this.#counts,
    }
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1
  }
}

type Finish = (status: number, value?: unknown) => void

/** The request's body, where it was a JSON object. */
type Wish = Record<string, unknown> | undefined

/** A refusal stays a refusal and a timeout a timeout, so that the caller can tell "try later" from "who knows". */
function statusFor(stock: StockAnswer): number {
  if (stock.failure === 'timeout' || stock.status === 504) return 504
  if (stock.failure === 'connection') return 502
  return stock.status === 503 ? 503 : 502
}

function isRoute(value: unknown): value is StockRoute {
  return typeof value === 'object' && value !== null && 'connect' in value && 'byName' in value
}
