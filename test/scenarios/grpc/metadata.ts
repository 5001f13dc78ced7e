/** Metadata of grpc-js as plain values and back, the service as it stands in order.proto, and the time two processes share. */
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import grpc from '@grpc/grpc-js'
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader'
import type { Fields } from './spec.ts'

const PROTO = loadSync(fileURLToPath(new URL('order.proto', import.meta.url)), { keepCase: true, defaults: true })

/** An Order as grpc-js has it. */
export interface Order {
  readonly number: number
  readonly customer: string
  readonly lines: Buffer
}

export const SERVICE = PROTO['order.OrderService'] as grpc.ServiceDefinition

/** order.proto as a FileDescriptorProto: what grpc-go reads, which has no compiler in it. */
export function descriptor(): Uint8Array {
  const { fileDescriptorProtos } = PROTO['order.Order'] as MessageTypeDefinition<object, object>
  const first = fileDescriptorProtos[0]
  if (first === undefined) throw new RangeError('order.proto gives one descriptor; there is none')
  return first
}

export function toMetadata(fields: Fields): grpc.Metadata {
  const metadata = new grpc.Metadata()
  for (const [name, values] of Object.entries(fields)) {
    for (const value of values) metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value)
  }
  return metadata
}

export function toFields(metadata: grpc.Metadata): Fields {
  const fields: Record<string, string[]> = {}
  for (const name of Object.keys(metadata.getMap())) {
    fields[name] = metadata.get(name).map((value) => (typeof value === 'string' ? value : value.toString('base64')))
  }
  return fields
}

/** Only the fields that a server sends back. */
export function echoes(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name.startsWith('x-echo')))
}

/** ms since 1970 with fractions: the one clock that processes have in common. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now()
}

/** One JSON object, on a line of its own, to whoever started this process. */
export function tell(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** Counts the messages of one direction, and whether each came in its place. */
export class Counted {
  received = 0
  bytes = 0
  ordered = true
  last = 0

  add(order: Order): void {
    if (order.number !== this.received) this.ordered = false
    this.received++
    this.bytes += order.lines.length
    this.last = order.number
  }

  get seen(): { received: number; bytes: number; ordered: boolean; last: number } {
    return { received: this.received, bytes: this.bytes, ordered: this.ordered, last: this.last }
  }
}

export const MIB = 1024 * 1024

/** The first stop is so many times as long: time for the whole of a stream to come, if nobody held it back. */
const FIRST_STOP = 100

/** Stops a reader for `pause` ms whenever another MiB has come. */
export class SlowReading {
  #pause: number
  #next = MIB

  constructor(pause: number) {
    this.#pause = pause * FIRST_STOP
  }

  /** `bytes` have come so far. */
  at(bytes: number, reader: { pause(): unknown; resume(): unknown }): void {
    if (this.#pause === 0 || bytes < this.#next) return
    this.#next = bytes + MIB
    reader.pause()
    setTimeout(() => reader.resume(), this.#pause)
    if (bytes < 2 * MIB) this.#pause /= FIRST_STOP
  }
}

/** Sends numbered orders as fast as the other side takes them, and then calls `done`. */
export function sendAll(
  stream: { write(order: Order): boolean; once(event: 'drain', then: () => void): unknown },
  count: number,
  size: number,
  done: () => void,
): void {
  const lines = Buffer.alloc(size, 'o')
  let number = 0
  const more = (): void => {
    while (number < count) {
      if (!stream.write({ number: number++, customer: 'ada', lines })) {
        stream.once('drain', more)
        return
      }
    }
    done()
  }
  more()
}
