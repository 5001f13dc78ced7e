/** A client on grpc-js, a process of its own: makes each call that a line of its standard input describes. */
import { createInterface } from 'node:readline'
import grpc from '@grpc/grpc-js'
import { dieWithParent } from '../../../src/demo/lifeline.ts'
import { tell, toFields, toMetadata, wallMs } from './metadata.ts'
import { Counted, type Order, SERVICE, SlowReading, sendAll } from './orders.ts'
import type { Spec } from './spec.ts'

const connect = process.argv[2] ?? ''
const Orders = grpc.makeGenericClientConstructor(SERVICE, 'OrderService')
const clients = new Map<string, grpc.Client>()

/** A channel of its own for each service: the name is the channel's authority. */
function clientOf(to: string): grpc.Client {
  let client = clients.get(to)
  if (client === undefined) {
    client = new Orders(connect, grpc.credentials.createInsecure(), {
      'grpc.default_authority': to,
      // What is retried, the sidecar retries.
      'grpc.enable_retries': 0,
      'grpc.max_receive_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
    })
    clients.set(to, client)
  }
  return client
}

/** What the calls of all four shapes have. */
interface Call {
  cancel(): void
  on(event: 'error', then: () => void): unknown
  on(event: 'metadata', then: (metadata: grpc.Metadata) => void): unknown
  on(event: 'status', then: (status: grpc.StatusObject) => void): unknown
}

/** A call, and what to wait for once it has its status: grpc-js may still keep messages for a reader that has stopped. */
interface Begun {
  readonly call: Call
  readonly unread: grpc.ClientReadableStream<Order> | undefined
}

/** Makes the call and says what came of it. */
function make(spec: Spec): void {
  const start = wallMs()
  const counted = new Counted()
  let head = {}
  let cancelledAt = 0
  const { call, unread } = begin(spec, counted)
  call.on('error', () => {})
  call.on('metadata', (metadata) => {
    head = toFields(metadata)
  })
  if (spec.cancel > 0) {
    setTimeout(() => {
      cancelledAt = wallMs()
      call.cancel()
    }, spec.cancel)
  }
  call.on('status', ({ code, details, metadata }) => {
    const ms = wallMs() - start
    const over = (): void =>
      tell({ id: spec.id, code, details, ...counted.seen, head, trailers: toFields(metadata), ms, cancelledAt })
    if (unread === undefined || unread.readableEnded) over()
    else unread.once('end', over)
  })
}

function begin(spec: Spec, counted: Counted): Begun {
  const { method, deadline, size, to } = spec
  const { requestStream, responseStream, requestSerialize, responseDeserialize } = definitionOf(method)
  const types = [`/order.OrderService/${method}`, requestSerialize, responseDeserialize] as const
  const rest = [toMetadata(spec.metadata), deadline > 0 ? { deadline: Date.now() + deadline } : {}] as const
  const first: Order = { number: 0, customer: 'ada', lines: Buffer.alloc(size, 'o') }
  const one = (_error: unknown, order?: Order): void => {
    if (order !== undefined) counted.add(order)
  }
  const client = clientOf(to)
  if (requestStream && responseStream) {
    const call = client.makeBidiStreamRequest<Order, Order>(...types, ...rest)
    read(call, spec, counted)
    if (spec.turns) inTurns(call, spec)
    else write(call, spec)
    if (spec.endAfter > 0) call.on('data', () => counted.received === spec.endAfter && call.end())
    return { call, unread: call }
  }
  if (requestStream) {
    const call = client.makeClientStreamRequest<Order, Order>(...types, ...rest, one)
    write(call, spec)
    return { call, unread: undefined }
  }
  if (responseStream) {
    const call = client.makeServerStreamRequest<Order, Order>(...types, first, ...rest)
    read(call, spec, counted)
    return { call, unread: call }
  }
  return { call: client.makeUnaryRequest<Order, Order>(...types, first, ...rest, one), unread: undefined }
}

/** A method that nobody serves looks like a unary one. */
function definitionOf(method: string): grpc.MethodDefinition<Order, Order> {
  return (SERVICE[method] ?? SERVICE['GetOrder']) as grpc.MethodDefinition<Order, Order>
}

function read(call: grpc.ClientReadableStream<Order>, spec: Spec, counted: Counted): void {
  const slow = new SlowReading(spec.pause)
  call.on('data', (order: Order) => {
    counted.add(order)
    slow.at(counted.bytes, call)
  })
}

function write(call: grpc.ClientWritableStream<Order>, spec: Spec): void {
  sendAll(call, spec.send, spec.size, () => {
    if (spec.endAfter === 0) call.end()
  })
}

/** The next message when the answer to the last has come. */
function inTurns(call: grpc.ClientDuplexStream<Order, Order>, spec: Spec): void {
  let number = 0
  const next = (): void => {
    if (number === spec.send) call.end()
    else call.write({ number: number++, customer: 'ada', lines: Buffer.alloc(spec.size, 'o') })
  }
  call.on('data', next)
  next()
}

dieWithParent()
createInterface({ input: process.stdin }).on('line', (line) => make(JSON.parse(line) as Spec))
tell({ event: 'ready' })
