/** An answer as it is kept, and how it is taken down while it passes. */
import type { ResponseHead } from '../../core/exchange.ts'
import { Crumbs, LARGE_ENOUGH } from '../../core/crumbs.ts'
import type { Headers } from '../../core/headers.ts'
import { ownCopy } from '../../core/own-copy.ts'
import type { ReplayAccount } from '../../core/replay-buffer.ts'

/** Bytes that an entry costs beside its body and its text, about. */
const OVERHEAD = 400
/** Chunks that are kept as they came; most answers have fewer. */
const FEW = 16

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
  readonly #account: ReplayAccount
  readonly #limit: number
  head: ResponseHead | undefined
  /** More came than is kept or there is room for, or what comes is a stream. */
  lost: boolean
  #chunks: Buffer[]
  /** An answer may come in hundreds of thousands of tiny chunks. */
  #crumbs: Crumbs | undefined
  /** Of the chunks, charged to the account of the process. */
  #bytes: number

  /** `limit`: bytes of one answer; `account`: what all of the process may keep together while they come. */
  constructor(account: ReplayAccount, limit: number) {
    this.#account = account
    this.#limit = limit
    this.head = undefined
    this.lost = false
    this.#chunks = []
    this.#crumbs = undefined
    this.#bytes = 0
  }

  data(chunk: Buffer): void {
    if (this.lost) return
    const size = chunk.length
    if (this.#bytes + size > this.#limit || this.#account.used + size > this.#account.limit) {
      this.lose()
      return
    }
    this.#bytes += size
    this.#account.used += size
    this.#keep(chunk)
  }

  #keep(chunk: Buffer): void {
    const chunks = this.#chunks
    if (chunks.length < FEW || chunk.length >= LARGE_ENOUGH) {
      chunks.push(ownCopy(chunk))
      this.#crumbs?.part()
    } else {
      if (this.#crumbs === undefined) this.#crumbs = new Crumbs()
      this.#crumbs.gather(chunks, chunk, 0, chunk.length)
    }
  }

  lose(): void {
    this.lost = true
    this.drop()
  }

  /** It has ended, and what was made of it is kept by somebody else. */
  drop(): void {
    this.#account.used -= this.#bytes
    this.#bytes = 0
    this.#chunks = []
    this.#crumbs = undefined
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
    for (const chunk of this.#chunks) at += chunk.copy(body, at)
    return body
  }
}
