/**
 * What came of a request while it waits: its bytes, as far as there is room for them, in case it has to be sent after all, and
 * what makes it the same as another.
 */
import type { RequestBody, RequestHead } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'
import { ownCopy } from '../../core/own-copy.ts'
import { costOf, type ReplayAccount } from '../../core/replay-buffer.ts'
import { Fingerprint } from './fingerprint.ts'

export class KeptRequest {
  readonly #account: ReplayAccount
  readonly #limit: number
  /** Undefined once it is more than may be kept, or is sent. */
  #chunks: Buffer[] | undefined
  /** Of them, charged to the account of the process. */
  #charged: number
  #bytes: number
  #fingerprint: Fingerprint | undefined
  #trailers: Headers | undefined
  ended: boolean
  /** Of the whole request; '' until it is whole, and has been hashed. */
  print: string

  /** `limit`: bytes of one body; `account`: what all of the process may keep together. */
  constructor(account: ReplayAccount, limit: number) {
    this.#account = account
    this.#limit = limit
    this.#chunks = []
    this.#charged = 0
    this.#bytes = 0
    this.#fingerprint = undefined
    this.#trailers = undefined
    this.ended = false
    this.print = ''
  }

  /** All that came is at hand. */
  get whole(): boolean {
    return this.#chunks !== undefined
  }

  /** Nothing came, and nobody has told the asker to send. */
  get untouched(): boolean {
    return this.#bytes === 0 && this.#fingerprint === undefined
  }

  /** As it came: one read, before anybody knows what becomes of it, or what comes while the rest is sent. */
  add(chunk: Buffer): void {
    this.#chunks?.push(chunk)
    this.#bytes += chunk.length
  }

  /** Hashes it and keeps a copy, while there is room. */
  read(chunk: Buffer): void {
    this.#fingerprint?.add(chunk)
    if (this.#chunks === undefined) return
    const size = chunk.length
    const cost = costOf(size, this.#chunks.length)
    this.#bytes += size
    if (this.#bytes > this.#limit || this.#account.used + cost > this.#account.limit) {
      this.drop()
      return
    }
    this.#account.used += cost
    this.#charged += cost
    this.#chunks.push(ownCopy(chunk))
  }

  end(trailers: Headers | undefined): void {
    this.ended = true
    this.#trailers = trailers
    this.print = this.#fingerprint?.end() ?? ''
  }

  /** From here on all that comes is read; what came before is read now. */
  startReading(request: RequestHead): void {
    const came = this.#chunks ?? []
    this.#fingerprint = new Fingerprint(request)
    this.#chunks = []
    this.#bytes = 0
    for (const chunk of came) this.read(chunk)
    if (this.ended) this.print = this.#fingerprint.end()
  }

  /** What the asker sends from inside a call of ours lands behind what is kept, and is sent, too. */
  sendInto(down: RequestBody): void {
    for (let i = 0; this.#chunks !== undefined && i < this.#chunks.length; i++) down.data(this.#chunks[i] as Buffer)
    this.drop()
  }

  endInto(down: RequestBody): void {
    if (this.ended) down.end(this.#trailers)
  }

  drop(): void {
    this.#account.used -= this.#charged
    this.#charged = 0
    this.#chunks = undefined
  }
}
