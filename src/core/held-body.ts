/** A request that waits: in a bulkhead's queue, for a retry's backoff, for a connection. */
import { Crumbs, LARGE_ENOUGH } from './crumbs.ts'
import type { ProxyError } from './errors.ts'
import type { RequestBody, ResponseHandler } from './exchange.ts'
import { ForwardingHandler } from './forwarding.ts'
import type { Headers } from './headers.ts'

/** Chunks that are kept as they came; most bodies have fewer in one read. */
const FEW = 16

/** Who holds the request and must let go of it when the caller leaves. */
export interface Holder {
  /** The caller aborted while the request was held. The holder forgets it; the body delivers the `fail`. */
  abandoned(body: HeldBody): void
}

/**
 * Handed out by a layer that does not dispatch yet. It keeps what comes (one read, for it pauses at the first chunk),
 * remembers end, trailers and pauses, and replays all of it into the real body when released; from then on it forwards.
 *
 * The layer dispatches beneath with `gate` in the asker's place: the gate keeps our pause and the neighbour's apart (G5).
 */
export class HeldBody implements RequestBody {
  readonly gate: Gate
  #holder: Holder | undefined
  #down: RequestBody | undefined
  #chunks: Buffer[] | undefined
  /** One read may hold thousands of tiny ones. */
  #crumbs: Crumbs | undefined
  #ended: boolean
  #trailers: Headers | undefined
  #paused: boolean
  #replaying: boolean

  constructor(response: ResponseHandler, holder: Holder) {
    this.gate = new Gate(response)
    this.#holder = holder
    this.#down = undefined
    this.#chunks = undefined
    this.#crumbs = undefined
    this.#ended = false
    this.#trailers = undefined
    this.#paused = false
    this.#replaying = false
  }

  /** Still waiting. */
  get held(): boolean {
    return this.#holder !== undefined
  }

  data(chunk: Buffer): void {
    if (this.#down !== undefined && !this.#replaying) {
      this.#down.data(chunk)
    } else if (this.held || this.#replaying) {
      this.#keep(chunk)
      this.gate.hold()
    }
  }

  #keep(chunk: Buffer): void {
    if (this.#chunks === undefined) this.#chunks = []
    const chunks = this.#chunks
    // While it is sent, the last one may be with the other end.
    if (chunks.length < FEW || chunk.length >= LARGE_ENOUGH || this.#replaying) {
      chunks.push(chunk)
      this.#crumbs?.part()
    } else {
      if (this.#crumbs === undefined) this.#crumbs = new Crumbs()
      this.#crumbs.gather(chunks, chunk, 0, chunk.length)
    }
  }

  end(trailers?: Headers): void {
    if (this.#down !== undefined && !this.#replaying) {
      this.#down.end(trailers)
    } else {
      this.#ended = true
      this.#trailers = trailers
    }
  }

  abort(reason: ProxyError): void {
    if (this.#down !== undefined) this.#down.abort(reason)
    else this.refuse(reason)
  }

  pauseResponse(): void {
    this.#paused = true
    if (this.#down !== undefined) this.#down.pauseResponse()
  }

  resumeResponse(): void {
    this.#paused = false
    if (this.#down !== undefined) this.#down.resumeResponse()
  }

  /** Ends the wait with a failure; nothing happens when it was over. */
  refuse(error: ProxyError): void {
    const holder = this.#holder
    if (holder === undefined) return
    this.#holder = undefined
    this.#chunks = undefined
    holder.abandoned(this)
    this.gate.fail(error)
  }

  /** Ends the wait: `down` is the dispatched body and gets all that was kept, and first what was kept first (G9). */
  release(down: RequestBody): void {
    this.#holder = undefined
    this.#down = down
    this.#replaying = true
    if (this.#paused) down.pauseResponse()
    // What the asker sends from inside a call of ours lands behind what is kept.
    for (let i = 0; this.#chunks !== undefined && i < this.#chunks.length; i++) down.data(this.#chunks[i] as Buffer)
    this.#chunks = undefined
    this.#replaying = false
    if (this.#ended) down.end(this.#trailers)
    this.gate.unhold()
  }
}

/**
 * Stands in the asker's place: two reasons to pause the request, one level towards the asker, and one terminal, so that an asker
 * that left while its request was being sent hears of it once.
 */
export class Gate extends ForwardingHandler {
  #holding = false
  #below = false
  #over = false

  hold(): void {
    if (this.#over) return
    const was = this.#holding || this.#below
    this.#holding = true
    if (!was) this.up.pauseRequest()
  }

  unhold(): void {
    if (!this.#holding) return
    this.#holding = false
    if (!this.#below && !this.#over) this.up.resumeRequest()
  }

  override pauseRequest(): void {
    const was = this.#holding || this.#below
    this.#below = true
    if (!was) this.up.pauseRequest()
  }

  override resumeRequest(): void {
    this.#below = false
    if (!this.#holding && !this.#over) this.up.resumeRequest()
  }

  override end(trailers?: Headers): void {
    if (this.#over) return
    this.#over = true
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.up.fail(error)
  }
}
