/** A gRPC service of grpc-js, a client of it behind a sidecar, and what reached the service. Messages are plain text. */
import grpc from '@grpc/grpc-js'
import { type Proxy as Sidecar, type ProxyOptions, services, startProxy } from '../support/proxy.ts'

interface Test {
  teardown(fn: () => unknown): unknown
}

const text = {
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
}

const ORDERS = {
  Get: { path: '/shop.Orders/Get', requestStream: false, responseStream: false, ...text },
  Watch: { path: '/shop.Orders/Watch', requestStream: false, responseStream: true, ...text },
}

export type Get = (call: grpc.ServerUnaryCall<string, string>, done: grpc.sendUnaryData<string>) => void
export type Watch = (call: grpc.ServerWritableStream<string, string>) => void

export interface Outcome {
  readonly code: grpc.status
  readonly details: string
  readonly messages: readonly string[]
  readonly metadata: grpc.Metadata
}

export interface World {
  readonly proxy: Sidecar
  /** Metadata of each call that reached the service. */
  readonly reached: grpc.Metadata[]
  get(): Promise<Outcome>
  watch(onHead?: () => void): Promise<Outcome>
}

export interface WorldOptions extends ProxyOptions {
  /** Blocks of a policy for the service. */
  readonly policy?: string
  readonly get?: Get
  readonly watch?: Watch
  /** More services by name. */
  readonly others?: Readonly<Record<string, number>>
}

/** Answers as told; its port, and the metadata of each call that reached it. */
export async function serve(
  t: Test,
  { get, watch }: Pick<WorldOptions, 'get' | 'watch'>,
): Promise<{ port: number; reached: grpc.Metadata[] }> {
  const reached: grpc.Metadata[] = []
  const server = new grpc.Server()
  server.addService(ORDERS, {
    Get(call: Parameters<Get>[0], done: Parameters<Get>[1]) {
      reached.push(call.metadata)
      get?.(call, done)
    },
    Watch(call: Parameters<Watch>[0]) {
      reached.push(call.metadata)
      watch?.(call)
    },
  })
  const port = await bound(server)
  t.teardown(() => server.forceShutdown())
  return { port, reached }
}

/** The service answers as told, behind a sidecar with that policy. */
export async function world(t: Test, options: WorldOptions): Promise<World> {
  const { policy = '', others = {}, get: _get, watch: _watch, ...rest } = options
  const { port, reached } = await serve(t, options)
  const blocks = `kind: Policy\nname: p\nmatch: {direction: outbound, service: orders}\n${policy}\n`
  const proxy = await startProxy(services({ orders: port, ...others }, policy === '' ? '' : blocks), rest)
  t.teardown(() => proxy.stop())
  const client = new (grpc.makeGenericClientConstructor(ORDERS, 'Orders'))(
    `127.0.0.1:${proxy.outbound}`,
    grpc.credentials.createInsecure(),
    // What is retried, the sidecar retries.
    { 'grpc.default_authority': 'orders', 'grpc.enable_retries': 0 },
  )
  t.teardown(() => client.close())
  return {
    proxy,
    reached,
    get: () => ended((done) => client.Get?.('ask', done)),
    watch: (onHead = () => {}) => watched(client.Watch?.('ask'), onHead),
  }
}

function bound(server: grpc.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    )
  })
}

type UnaryCall = (done: grpc.requestCallback<string>) => grpc.ClientUnaryCall

function ended(start: UnaryCall): Promise<Outcome> {
  return new Promise((resolve) => {
    const messages: string[] = []
    const call = start((_error, answer) => {
      if (answer !== undefined) messages.push(answer)
    })
    call.on('status', ({ code, details, metadata }) => resolve({ code, details, messages, metadata }))
  })
}

function watched(call: grpc.ClientReadableStream<string>, onHead: () => void): Promise<Outcome> {
  return new Promise((resolve) => {
    const messages: string[] = []
    call.on('metadata', onHead)
    call.on('data', (message: string) => messages.push(message))
    call.on('error', () => {})
    call.on('status', ({ code, details, metadata }) => resolve({ code, details, messages, metadata }))
  })
}

/** What each call said of the attempts before it. */
export function previousAttempts(reached: readonly grpc.Metadata[]): (string | undefined)[] {
  return reached.map((metadata) => metadata.get('grpc-previous-rpc-attempts')[0]?.toString())
}

export function fields(entries: Readonly<Record<string, string>>): grpc.Metadata {
  const metadata = new grpc.Metadata()
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value)
  return metadata
}
