/** The order service as it stands in order.proto; orders counted, read slowly, sent in numbers. */
import { fileURLToPath } from 'node:url'
import type grpc from '@grpc/grpc-js'
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader'

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
