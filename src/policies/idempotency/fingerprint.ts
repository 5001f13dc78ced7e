/** What a key was used for: SHA-256 of everything that makes two requests the same. */
import type { Hash } from 'node:crypto'
import type { RequestHead } from '../../core/exchange.ts'
import { get } from '../../core/headers.ts'

export class Fingerprint {
  readonly #hash: Hash

  /**
   * Method, target, content type and coding, and who says so: an answer is not for whoever guesses its key. The body is added
   * as it comes. `node:crypto` is loaded by the first request with a key, for it holds 4 MB.
   */
  constructor(request: RequestHead) {
    const { method, target, headers } = request
    const type = get(headers, 'content-type') ?? ''
    const coding = get(headers, 'content-encoding') ?? ''
    this.#hash = process.getBuiltinModule('node:crypto').createHash('sha256')
    this.#hash.update(`${method} ${target}\n${type}\n${coding}\n${credentials(get(headers, 'authorization'))}\n`)
  }

  add(chunk: Buffer): void {
    this.#hash.update(chunk)
  }

  /** Hex, once. */
  end(): string {
    return this.#hash.digest('hex')
  }
}

/** Of the schemes that stay the same from one request to the next. A signature over a date is another one each time. */
function credentials(authorization: string | undefined): string {
  if (authorization === undefined) return ''
  const scheme = authorization.slice(0, 7).toLowerCase()
  return scheme === 'bearer ' || scheme.startsWith('basic ') ? authorization : ''
}
