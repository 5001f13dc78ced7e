/** What must not change while others look at it: heads (G8) and, but by who lent them, chunks (G7). */
import { crc32 } from 'node:zlib'
import type { RequestHead, ResponseHead } from '../../src/core/exchange.ts'
import { isTakenBack } from '../support/lent.ts'

function requestParts(head: RequestHead): unknown[] {
  const { method, target, scheme, authority, bodyLength, upgrade, expectContinue, exchange, attempt } = head
  return [method, target, scheme, authority, bodyLength, upgrade, expectContinue, exchange, attempt, ...head.headers]
}

function responseParts(head: ResponseHead): unknown[] {
  return [head.status, head.reasonPhrase, head.bodyLength, head.origin, head.reason, ...head.headers]
}

/** Chunks of one call that are looked at again; more would hold a long stream in memory. */
const MAX_CHUNKS = 64

export class Frozen {
  readonly #heads: { parts: () => unknown[]; were: unknown[] }[] = []
  readonly #chunks: { chunk: Buffer; was: number }[] = []

  request(head: RequestHead): void {
    this.#heads.push({ parts: () => requestParts(head), were: requestParts(head) })
  }

  response(head: ResponseHead): void {
    this.#heads.push({ parts: () => responseParts(head), were: responseParts(head) })
  }

  chunk(chunk: Buffer): void {
    if (this.#chunks.length < MAX_CHUNKS) this.#chunks.push({ chunk, was: crc32(chunk) })
  }

  /** What is no longer as it was, in words. */
  changes(): string[] {
    const found: string[] = []
    for (const { parts, were } of this.#heads) {
      const are = parts()
      if (are.length !== were.length || are.some((part, i) => part !== were[i])) {
        found.push(`a head was changed: ${were.filter((part) => typeof part !== 'object').join('|')}`)
      }
    }
    for (const { chunk, was } of this.#chunks) {
      if (crc32(chunk) !== was && !isTakenBack(chunk))
        found.push(`a chunk of ${chunk.length} bytes was written over after it was passed on`)
    }
    return found
  }
}
