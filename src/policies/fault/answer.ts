/** What an aborted attempt or request is answered: marked, so that nobody takes it for a real failure. */
import { REASONS, type ProxyError } from '../../core/errors.ts'
import { type RequestBody, type RequestHead, ResponseHead, type ResponseHandler } from '../../core/exchange.ts'
import { GRPC_TYPE } from '../../core/grpc.ts'
import { grpcMessage } from '../../core/grpc-message.ts'
import { statusOfHttp } from '../../core/grpc-status.ts'
import { proxyStatus } from '../../core/proxy-status.ts'

const REASON = 'fault_injected'
const ROW = REASONS[REASON]
const MARKS = ['proxy-status', proxyStatus(ROW, REASON), 'x-outrigger-reason', REASON]
const NOTHING = Buffer.alloc(0)

/** Made once for a block; heads and bodies are shared by all whom it strikes. */
export class FaultAnswer {
  readonly #plain: ResponseHead
  readonly #grpc: ResponseHead
  readonly #grpcOverHttp1: ResponseHead
  readonly #body: Buffer

  constructor(status: number, service: string) {
    const what = { reason: REASON, message: ROW.message, service }
    this.#body = Buffer.from(`${JSON.stringify({ error: what })}\n`)
    const { length } = this.#body
    const plain = ['content-type', 'application/json', 'content-length', String(length)].concat(MARKS)
    this.#plain = new ResponseHead(status, '', plain, length, 'proxy', REASON)
    const code = String(statusOfHttp(status))
    const message = grpcMessage(`${REASON}: ${ROW.message}`)
    const grpc = ['content-type', GRPC_TYPE, 'grpc-status', code, 'grpc-message', message].concat(MARKS)
    this.#grpc = new ResponseHead(200, '', grpc, 0, 'proxy', REASON)
    this.#grpcOverHttp1 = new ResponseHead(200, '', grpc.concat(['content-length', '0']), 0, 'proxy', REASON)
  }

  head({ exchange }: RequestHead): ResponseHead {
    if (!exchange.grpc) return this.#plain
    return exchange.protocol === 20 ? this.#grpc : this.#grpcOverHttp1
  }

  body({ method, exchange }: RequestHead): Buffer {
    return exchange.grpc || method === 'HEAD' ? NOTHING : this.#body
  }
}

/** The end of the way for one request: what it sends goes nowhere. */
export class Aborted implements RequestBody {
  readonly #answer: FaultAnswer
  readonly #request: RequestHead
  readonly #response: ResponseHandler
  #over: boolean

  constructor(answer: FaultAnswer, request: RequestHead, response: ResponseHandler) {
    this.#answer = answer
    this.#request = request
    this.#response = response
    this.#over = false
  }

  /** Each call up may come back with an abort (G9). */
  give(): void {
    if (this.#over) return
    this.#response.head(this.#answer.head(this.#request))
    if (this.#over) return
    const body = this.#answer.body(this.#request)
    if (body.length > 0) this.#response.data(body)
    if (this.#over) return
    this.#over = true
    this.#response.end()
  }

  abort(reason: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.#response.fail(reason)
  }

  data(): void {}
  end(): void {}
  pauseResponse(): void {}
  resumeResponse(): void {}
}
