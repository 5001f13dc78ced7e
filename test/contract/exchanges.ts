/** Requests for the contract tests, and bodies whose every byte says whose it is and where it stands. */
import { Attempt, Exchange, RequestHead } from '../../src/core/exchange.ts'
import type { Headers } from '../../src/core/headers.ts'

export interface RequestShape {
  readonly method: string
  readonly bodyLength: number
  readonly upgrade?: string
  readonly headers?: Headers
  readonly now?: number
  readonly deadline?: number
}

export function makeRequest(shape: RequestShape): RequestHead {
  const now = shape.now ?? 0
  const exchange = new Exchange('outbound', now, 1_800_000_000_000, '127.0.0.1', 40_000, '', 'id-1', true, 11, Infinity)
  exchange.path = '/'
  exchange.deadline = shape.deadline ?? Number.POSITIVE_INFINITY
  exchange.route = {
    direction: 'outbound',
    service: 'subject',
    template: '*',
    stream: undefined,
    telemetry: undefined,
  }
  const length = shape.bodyLength > 0 ? ['Content-Length', String(shape.bodyLength)] : []
  const headers = Object.freeze([...(shape.headers ?? []), ...length])
  const attempt = new Attempt('first', true, false)
  const { method, bodyLength, upgrade = '' } = shape
  return new RequestHead(method, '/', 'http', 'subject', headers, bodyLength, upgrade, false, exchange, attempt)
}

/** The byte at `offset` of the body that `whose` sends. */
function byteOf(whose: number, offset: number): number {
  return (whose * 37 + offset * 7 + (offset >> 8)) & 255
}

export function pattern(whose: number, offset: number, size: number): Buffer {
  const chunk = Buffer.alloc(size)
  for (let i = 0; i < size; i++) chunk[i] = byteOf(whose, offset + i)
  return chunk
}

/** Whether `chunk` is what `whose` sends at `offset`. */
export function matches(chunk: Buffer, whose: number, offset: number): boolean {
  for (let i = 0; i < chunk.length; i++) if (chunk[i] !== byteOf(whose, offset + i)) return false
  return true
}
