/** The orders of the sample service: a bounded store and a state machine. No input or output, so a test is a table. */

export type Status = 'PENDING' | 'CREATED' | 'PAID' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED'

export interface Order {
  readonly orderNo: string
  readonly userId: string
  readonly sku: string
  readonly quantity: number
  readonly status: Status
}

/** From each state, where one may go. PENDING: accepted while inventory could not be asked, to be confirmed later. */
const NEXT: Readonly<Record<Status, readonly Status[]>> = {
  PENDING: ['CREATED', 'CANCELLED'],
  CREATED: ['PAID', 'CANCELLED'],
  PAID: ['SHIPPED', 'CANCELLED'],
  SHIPPED: ['DELIVERED'],
  DELIVERED: [],
  CANCELLED: [],
}

/** The demo runs for hours; the oldest orders are forgotten. */
const MAX_ORDERS = 10_000

export function isStatus(text: unknown): text is Status {
  return typeof text === 'string' && Object.hasOwn(NEXT, text)
}

export class Orders {
  #orders = new Map<string, Order>()
  #created = 0

  /** The first `seeds` orders are there from the start, as `O-1` … `O-<seeds>`, so that a reader has something to read. */
  constructor(seeds: number) {
    for (let index = 0; index < seeds; index++) this.create('seed', 'sku-1', 1, 'CREATED')
  }

  create(userId: string, sku: string, quantity: number, status: Status): Order {
    this.#created++
    const order: Order = { orderNo: `O-${this.#created}`, userId, sku, quantity, status }
    this.#orders.set(order.orderNo, order)
    if (this.#orders.size > MAX_ORDERS) {
      for (const [orderNo, old] of this.#orders) {
        if (old.userId === 'seed') continue
        this.#orders.delete(orderNo)
        break
      }
    }
    return order
  }

  find(orderNo: string): Order | undefined {
    return this.#orders.get(orderNo)
  }

  /** At most 100, the newest last. */
  ofUser(userId: string): Order[] {
    return [...this.#orders.values()].filter((order) => order.userId === userId).slice(-100)
  }

  /** Moves an order. The state it is in already is no conflict: a PUT may be repeated. */
  move(orderNo: string, status: Status): Order | 'unknown' | 'conflict' {
    const order = this.#orders.get(orderNo)
    if (order === undefined) return 'unknown'
    if (order.status === status) return order
    if (!NEXT[order.status].includes(status)) return 'conflict'
    const moved = { ...order, status }
    this.#orders.set(orderNo, moved)
    return moved
  }

  /** What has left the house cannot be deleted any more. */
  remove(orderNo: string): 'removed' | 'unknown' | 'conflict' {
    const order = this.#orders.get(orderNo)
    if (order === undefined) return 'unknown'
    if (order.status === 'SHIPPED' || order.status === 'DELIVERED') return 'conflict'
    this.#orders.delete(orderNo)
    return 'removed'
  }
}
