/** One attempt at an upstream. */
import type { ProxyError } from '../core/errors.ts'
import { type RequestBody, type RequestHead, ResponseHead, type ResponseHandler } from '../core/exchange.ts'

/** Who is told how the attempt goes. */
export interface CallOwner {
  arrived(call: Call): void
  over(call: Call): void
}

const BODY = Buffer.from('{}')
const JSON_FIELDS = ['content-type', 'application/json', 'content-length', '2']
const GRPC_FIELDS = ['content-type', 'application/grpc']

export class Call implements RequestBody {
  readonly request: RequestHead
  readonly #response: ResponseHandler
  readonly #owner: CallOwner
  #whole: boolean
  #over: boolean
  /** The answer is whole, and the connection fit for another request. */
  answered: boolean
  /** Set by a server that notices when its client leaves. */
  onLeaving: (() => void) | undefined

  constructor(request: RequestHead, response: ResponseHandler, owner: CallOwner) {
    this.request = request
    this.#response = response
    this.#owner = owner
    this.#whole = false
    this.#over = false
    this.answered = false
    this.onLeaving = undefined
  }

  /** It is answered, or nobody waits for it any more. */
  get over(): boolean {
    return this.#over
  }

  data(): void {}

  end(): void {
    if (this.#whole || this.#over) return
    this.#whole = true
    this.#owner.arrived(this)
  }

  abort(reason: ProxyError): void {
    if (this.#over) return
    this.#finish()
    this.onLeaving?.()
    this.#response.fail(reason)
  }

  // An answer of two bytes stops for nobody.
  pauseResponse(): void {}
  resumeResponse(): void {}

  fail(error: ProxyError): void {
    if (this.#over) return
    this.#finish()
    this.#response.fail(error)
  }

  /** Each call up may come back with an abort (G9). `grpcStatus` -1: no gRPC call. */
  answer(status: number, grpcStatus: number): void {
    if (this.#over) return
    const isGrpc = grpcStatus >= 0
    const bodyless = isGrpc || this.request.method === 'HEAD' || status === 204 || status === 304
    const fields = isGrpc ? GRPC_FIELDS : bodyless ? [] : JSON_FIELDS
    this.#response.head(new ResponseHead(status, '', fields, bodyless ? -1 : BODY.length, 'upstream', ''))
    if (!this.#over && !bodyless) this.#response.data(BODY)
    if (this.#over) return
    this.answered = true
    this.#finish()
    this.#response.end(isGrpc ? ['grpc-status', String(grpcStatus)] : undefined)
  }

  #finish(): void {
    this.#over = true
    this.#owner.over(this)
  }
}
