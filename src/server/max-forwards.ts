/** Max-Forwards: how far an OPTIONS or TRACE may go (RFC 9110 §7.6.2). For other methods it means nothing. */
import { type Dispatch, type RequestHead, ResponseHead, type ResponseHandler } from '../core/exchange.ts'
import { type Headers, nameIs } from '../core/headers.ts'
import { EndOfTheWay } from '../core/refuse.ts'

/** -1: no bound, or a value that is none. */
export function maxForwards(method: string, headers: Headers): number {
  if (method !== 'OPTIONS' && method !== 'TRACE') return -1
  for (let i = 0; i < headers.length; i += 2) {
    if (nameIs(headers[i] as string, 'max-forwards')) return readCount(headers[i + 1] as string)
  }
  return -1
}

/** More than any chain of hops has; above it a count goes on as this many (RFC 9110 §7.6.2: our maximum). */
const MOST = 1_000_000

function readCount(value: string): number {
  if (value.length === 0) return -1
  let count = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    count = Math.min(count * 10 + digit, MOST)
  }
  return count
}

/** One hop less. */
export function lessOne(headers: Headers, count: number): Headers {
  const next = headers.slice()
  for (let i = 0; i < next.length; i += 2) {
    if (nameIs(next[i] as string, 'max-forwards')) next[i + 1] = String(count - 1)
  }
  return next
}

/**
 * At 0 the request ends here. OPTIONS learns that we are here and nothing else; TRACE would show a client what others put
 * on its requests on the way, so it is not done (§9.3.8 leaves that to the recipient).
 */
export const finalRecipient: Dispatch = (request, response) => new FinalAnswer(request, response)

class FinalAnswer extends EndOfTheWay {
  readonly #trace: boolean

  constructor(request: RequestHead, response: ResponseHandler) {
    super(response)
    this.#trace = request.method === 'TRACE'
  }

  protected override answer(response: ResponseHandler): void {
    const headers = this.#trace ? ['allow', 'OPTIONS', 'content-length', '0'] : ['content-length', '0']
    const phrase = this.#trace ? 'Method Not Allowed' : 'OK'
    response.head(new ResponseHead(this.#trace ? 405 : 200, phrase, headers, 0, 'proxy', ''))
    response.end()
  }
}
