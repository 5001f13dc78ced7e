/** The order service on grpc-js, a process of its own: does with each call what its metadatum `x-do` says. */
import grpc from '@grpc/grpc-js'
import { dieWithParent } from '../../../src/demo/lifeline.ts'
import { echoes, tell, toFields, toMetadata, wallMs } from './metadata.ts'
import { Counted, type Order, SERVICE, SlowReading, sendAll } from './orders.ts'
import type { Do } from './spec.ts'

type Unary = grpc.ServerUnaryCall<Order, Order>
type Server = grpc.ServerWritableStream<Order, Order>
type Client = grpc.ServerReadableStream<Order, Order>
type Both = grpc.ServerDuplexStream<Order, Order>
type Done = grpc.sendUnaryData<Order>

/** What all four have. */
interface Incoming {
  readonly metadata: grpc.Metadata
  sendMetadata(metadata: grpc.Metadata): void
  on(event: 'cancelled' | 'error', then: () => void): unknown
}

/** Attempts of each call so far. */
const attempts = new Map<string, number>()

/** One attempt that has come in. */
class Arrival {
  readonly id: string
  readonly does: Do
  readonly #call: Incoming
  readonly #echo: grpc.Metadata
  readonly #attempt: number
  readonly counted = new Counted()

  constructor(call: Incoming) {
    const metadata = toFields(call.metadata)
    this.id = metadata['x-call']?.[0] ?? ''
    this.does = JSON.parse(metadata['x-do']?.[0] ?? '{}') as Do
    this.#call = call
    this.#echo = toMetadata(echoes(metadata))
    this.#attempt = (attempts.get(this.id) ?? 0) + 1
    attempts.set(this.id, this.#attempt)
    this.#tell('call', metadata)
    call.on('error', () => {})
    if (this.does.hold !== undefined) call.on('cancelled', () => this.#tell('cancelled', {}))
  }

  /** The status this attempt is to end with, if it is not OK. */
  get failure(): grpc.ServiceError | undefined {
    const { fail, times = Number.POSITIVE_INFINITY } = this.does
    if (fail === undefined || this.#attempt > times) return undefined
    return Object.assign(new Error('as told'), { code: fail, details: 'as told', metadata: this.#echo })
  }

  get trailers(): grpc.Metadata {
    return this.#echo
  }

  head(): void {
    if (this.does.head !== false) this.#call.sendMetadata(this.#echo)
  }

  read(): void {
    this.#tell('read', {})
  }

  /** Goes on when the time to hold is over, if nobody has cancelled. */
  held(then: () => void): void {
    const { hold } = this.does
    if (hold === undefined) {
      then()
      return
    }
    const timer = setTimeout(then, hold)
    this.#call.on('cancelled', () => clearTimeout(timer))
  }

  #tell(event: string, metadata: object): void {
    tell({ event, id: this.id, at: wallMs(), metadata, ...this.counted.seen })
  }
}

function unary(call: Unary, done: Done): void {
  const arrival = new Arrival(call)
  arrival.counted.add(call.request)
  arrival.head()
  arrival.held(() => {
    const { failure } = arrival
    if (failure !== undefined) done(failure)
    else done(null, call.request, arrival.trailers)
  })
}

function serverStream(call: Server): void {
  const arrival = new Arrival(call)
  arrival.head()
  const { greet = 0, size = 10 } = arrival.does
  sendAll(call, greet, size, () => arrival.held(() => finish(call, arrival)))
}

/** One answer, however many come. */
function clientStream(call: Client, done: Done): void {
  const arrival = new Arrival(call)
  const slow = new SlowReading(arrival.does.pause ?? 0)
  let over = false
  const answer = (): void => {
    if (over) return
    over = true
    arrival.read()
    const { failure } = arrival
    if (failure !== undefined) done(failure)
    else done(null, { number: arrival.counted.received, customer: '', lines: Buffer.alloc(0) }, arrival.trailers)
  }
  arrival.head()
  call.on('data', (order: Order) => {
    arrival.counted.add(order)
    slow.at(arrival.counted.bytes, call)
    if (arrival.counted.received === arrival.does.end) answer()
  })
  call.on('end', () => arrival.held(answer))
}

function bothStream(call: Both): void {
  const arrival = new Arrival(call)
  const { greet = 0, size = 10, wait = false, end = -1 } = arrival.does
  const kept: Order[] = []
  let over = false
  const ended = (): void => {
    if (over) return
    over = true
    arrival.read()
    for (const order of kept) call.write(order)
    finish(call, arrival)
  }
  arrival.head()
  sendAll(call, greet, size, () => {
    if (arrival.failure !== undefined || end === 0) ended()
  })
  call.on('data', (order: Order) => {
    if (over) return
    arrival.counted.add(order)
    if (wait) kept.push(order)
    else if (greet === 0 && !call.write(order)) {
      call.pause()
      call.once('drain', () => call.resume())
    }
    if (arrival.counted.received === end) ended()
  })
  call.on('end', () => arrival.held(ended))
}

function finish(call: Server | Both, arrival: Arrival): void {
  const { failure } = arrival
  if (failure !== undefined) call.emit('error', failure)
  else call.end(arrival.trailers)
}

dieWithParent()
const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 })
server.addService(SERVICE, {
  CreateOrder: unary,
  GetOrder: unary,
  GetUserOrders: serverStream,
  BatchCreateOrders: clientStream,
  SyncOrders: bothStream,
})
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error
  tell({ event: 'ready', listen: `127.0.0.1:${port}` })
})
