/** An answer as it is kept, and how it is taken down while it passes. */
import type { ResponseHead } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'
import { ownCopy } from '../../core/own-copy.ts'

/** Bytes that an entry costs beside its body and its text, about. */
const OVERHEAD = 400

export class StoredAnswer {
  /** Of the request it answers. */
  readonly print: string
  readonly status: number
  readonly reasonPhrase: string
  readonly headers: Headers
  /** As declared; -1 where it was not. */
  readonly bodyLength: number
  readonly body: Buffer
  readonly trailers: Headers | undefined

  constructor(
    print: string,
    status: number,
    reasonPhrase: string,
    headers: Headers,
    bodyLength: number,
    body: Buffer,
    trailers: Headers | undefined,
  ) {
    this.print = print
    this.status = status
    this.reasonPhrase = reasonPhrase
    this.headers = headers
    this.bodyLength = bodyLength
    this.body = body
    this.trailers = trailers
  }

  /** Memory it takes, about. */
  get bytes(): number {
    return OVERHEAD + this.body.length + sizeOf(this.headers) + sizeOf(this.trailers)
  }
}

function sizeOf(headers: Headers | undefined): number {
  let size = 0
  if (headers !== undefined) for (const text of headers) size += text.length
  return size
}

export class Recording {
  readonly #limit: number
  head: ResponseHead | undefined
  /** More came than is kept, or what comes is a stream. */
  lost: boolean
  #chunks: Buffer[] | undefined
  #bytes: number

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.#limit = limit
    this.head = undefined
    this.lost = false
    this.#chunks = undefined
    this.#bytes = 0
  }

  data(chunk: Buffer): void {
    if (this.lost) return
    this.#bytes += chunk.length
    if (this.#bytes > this.#limit) {
      this.lose()
      return
    }
    if (this.#chunks === undefined) this.#chunks = []
    this.#chunks.push(ownCopy(chunk))
  }

  lose(): void {
    this.lost = true
    this.#chunks = undefined
  }

  /** Of an answer that is whole, within the limit and has a head. */
  answer(print: string, trailers: Headers | undefined): StoredAnswer {
    const { status, reasonPhrase, headers, bodyLength } = this.head as ResponseHead
    return new StoredAnswer(print, status, reasonPhrase, headers, bodyLength, this.#body(), trailers)
  }

  /** In memory of its own: a view would keep for a day what was read with it. */
  #body(): Buffer {
    const body = Buffer.allocUnsafeSlow(this.#bytes)
    let at = 0
    if (this.#chunks !== undefined) for (const chunk of this.#chunks) at += chunk.copy(body, at)
    return body
  }
}
