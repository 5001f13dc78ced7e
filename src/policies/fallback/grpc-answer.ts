/** What a gRPC call gets: a status in a head without a body. A message cannot stand in a file. */
import { type RequestHead, ResponseHead } from '../../core/exchange.ts'
import { GRPC_TYPE } from '../../core/grpc.ts'
import { grpcMessage } from '../../core/grpc-message.ts'
import { GRPC_STATUS } from '../../core/grpc-status.ts'
import type { Given } from '../../core/giver.ts'
import type { LocalAnswer } from './local-answer.ts'
import { ownFields } from './own-fields.ts'

export class GrpcAnswer implements LocalAnswer {
  readonly kind = 'static'
  readonly #fields: readonly string[]
  readonly #isOk: boolean

  /** `status` by name. */
  constructor(status: string, headers: Readonly<Record<string, string>>) {
    const code = (GRPC_STATUS as readonly string[]).indexOf(status)
    this.#isOk = code === 0
    this.#fields = ['content-type', GRPC_TYPE, 'x-outrigger-fallback', 'static', 'grpc-status', String(code)].concat(
      ownFields(headers),
    )
  }

  give(request: RequestHead, reason: string): Given {
    const fields = this.#fields.slice()
    if (!this.#isOk) fields.push('grpc-message', grpcMessage(`a fallback answers for ${reason}`))
    // What HTTP/2 sees by itself.
    if (request.exchange.protocol !== 20) fields.push('content-length', '0')
    const head = new ResponseHead(200, '', fields, 0, 'fallback', reason)
    return { head, body: [], trailers: undefined }
  }
}
