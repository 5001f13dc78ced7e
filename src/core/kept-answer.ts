/** An answer that may yet be discarded: its head, what was already read behind it, and how it ended, if it did. */
import type { ProxyError } from './errors.ts'
import type { ResponseHead } from './exchange.ts'
import { GRPC_STATUS, NO_STATUS, statusOfHead, statusOfTrailers } from './grpc-status.ts'
import type { Headers } from './headers.ts'

export class KeptAnswer {
  readonly head: ResponseHead
  /** One read at most: the attempt is paused. Grows while it is passed on. */
  readonly chunks: Buffer[]
  ended: boolean
  trailers: Headers | undefined
  /** The attempt broke off before its answer was whole. */
  error: ProxyError | undefined

  constructor(head: ResponseHead) {
    this.head = head
    this.chunks = []
    this.ended = false
    this.trailers = undefined
    this.error = undefined
  }

  /** Its status, of a gRPC call `grpc:NAME` where that is known. */
  outcome(grpc: boolean): string {
    const code = grpc ? statusOfHead(this.head) : NO_STATUS
    const known = grpc && code === NO_STATUS && this.ended ? statusOfTrailers(this.trailers) : code
    return known === NO_STATUS ? String(this.head.status) : `grpc:${GRPC_STATUS[known]}`
  }

  /** The attempt is over; nothing is left to abort. */
  get over(): boolean {
    return this.ended || this.error !== undefined
  }
}
