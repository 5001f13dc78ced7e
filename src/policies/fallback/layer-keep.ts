/**
 * Beneath the fallback itself, where one of its entries is `use: cached`: takes a copy of what passes. The live answer is
 * passed on first and as it is; only one that came whole is kept, and one that broke off leaves everything as it was.
 */
import type { ProxyError } from '../../core/errors.ts'
import type { Layer, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingHandler } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { ownCopy } from '../../core/own-copy.ts'
import type { CachedAnswers } from './cached-answers.ts'
import { invalidates, isGone, isUnsafe, LARGEST, mayBeKept, mayMeetCopy } from './cached-rules.ts'

/** What a kept chunk costs beside its bytes: an answer may come in thousands of tiny ones. */
const PER_CHUNK = 128
/** A body up to here is put together into one chunk, bytes: what one read of a connection is at most. */
const IN_ONE = 64 * 1024

export function keepLayer(cache: CachedAnswers): Layer {
  const { shared } = cache.rules
  return (next) => (request, response) => {
    if (isUnsafe(request.method) && !request.exchange.grpc) return next(request, new Write(response, cache, request))
    return next(request, mayMeetCopy(request, shared) ? new Gatherer(response, cache, request) : response)
  }
}

/** A write that is carried out makes what was read before out of date. */
class Write extends ForwardingHandler {
  readonly #cache: CachedAnswers
  readonly #request: RequestHead

  constructor(up: ResponseHandler, cache: CachedAnswers, request: RequestHead) {
    super(up)
    this.#cache = cache
    this.#request = request
  }

  override head(head: ResponseHead): void {
    if (invalidates(this.#request, head)) this.#cache.invalidate(this.#request)
    this.up.head(head)
  }
}

class Gatherer extends ForwardingHandler {
  readonly #cache: CachedAnswers
  readonly #request: RequestHead
  /** Changes that there were when it was asked for. */
  readonly #since: number
  /** Of an answer that is being gathered; undefined: this one is not, or no longer. */
  #head: ResponseHead | undefined
  #chunks: Buffer[]
  /** Bytes of body, and what they are charged with. */
  #length: number
  #charged: number

  constructor(up: ResponseHandler, cache: CachedAnswers, request: RequestHead) {
    super(up)
    this.#cache = cache
    this.#request = request
    this.#since = cache.changes.count
    this.#head = undefined
    this.#chunks = NO_CHUNKS
    this.#length = 0
    this.#charged = 0
  }

  override head(head: ResponseHead): void {
    const cache = this.#cache
    if (mayBeKept(this.#request, head, cache.rules.shared)) {
      this.#head = head
      this.#chunks = []
    } else if (isGone(head)) {
      cache.forget(this.#request)
    } else if (head.status === 304 && head.origin === 'upstream') {
      cache.confirm(this.#request, head)
    }
    this.up.head(head)
  }

  override data(chunk: Buffer): void {
    if (this.#head !== undefined) this.#gather(chunk)
    this.up.data(chunk)
  }

  override end(trailers?: Headers): void {
    const head = this.#head
    if (head !== undefined) {
      this.#head = undefined
      this.#keep(head, trailers)
    }
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    if (this.#head !== undefined) this.#giveUp()
    this.up.fail(error)
  }

  #gather(chunk: Buffer): void {
    const cost = chunk.length + PER_CHUNK
    if (this.#charged + cost > LARGEST || !this.#cache.account.take(cost)) {
      this.#giveUp()
      return
    }
    this.#charged += cost
    this.#length += chunk.length
    this.#chunks.push(ownCopy(chunk))
  }

  #keep(head: ResponseHead, trailers: Headers | undefined): void {
    let chunks = this.#chunks
    if (chunks.length > 1 && this.#length <= IN_ONE) {
      chunks = [joined(chunks, this.#length)]
      const cost = this.#length + PER_CHUNK
      this.#cache.account.give(this.#charged - cost)
      this.#charged = cost
    }
    if (!this.#cache.keep(this.#request, head, chunks, trailers, this.#charged, this.#since)) this.#giveUp()
  }

  #giveUp(): void {
    this.#head = undefined
    this.#chunks = NO_CHUNKS
    this.#cache.account.give(this.#charged)
    this.#charged = 0
  }
}

const NO_CHUNKS: Buffer[] = []

/** In memory of its own, none of which belongs to Node's shared pool. */
function joined(chunks: readonly Buffer[], length: number): Buffer {
  const whole = Buffer.allocUnsafeSlow(length)
  let at = 0
  for (const chunk of chunks) at += chunk.copy(whole, at)
  return whole
}
