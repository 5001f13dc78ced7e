/** What a key was used for: SHA-256 of everything that makes two requests the same. */
import type { Hash } from 'node:crypto'
import type { RequestHead } from '../../core/exchange.ts'
import { get } from '../../core/headers.ts'
import { ownCopy } from '../../core/own-copy.ts'

export class Fingerprint {
  readonly #head: string
  /** The first piece of the body, most often the only one: then one call does it, which costs a fraction of a Hash. Ours (G7). */
  #first: Buffer | undefined
  #hash: Hash | undefined

  /**
   * Method, target, content type and coding, and who says so: an answer is not for whoever guesses its key. The body is added
   * as it comes. `node:crypto` is loaded by the first request with a key, for it holds 4 MB.
   */
  constructor(request: RequestHead) {
    const { method, target, headers } = request
    const type = get(headers, 'content-type') ?? ''
    const coding = get(headers, 'content-encoding') ?? ''
    this.#head = `${method} ${target}\n${type}\n${coding}\n${credentials(get(headers, 'authorization'))}\n`
    this.#first = undefined
    this.#hash = undefined
  }

  add(chunk: Buffer): void {
    if (this.#hash !== undefined) {
      this.#hash.update(chunk)
    } else if (this.#first === undefined) {
      this.#first = ownCopy(chunk)
    } else {
      this.#hash = process.getBuiltinModule('node:crypto').createHash('sha256')
      this.#hash.update(this.#head).update(this.#first).update(chunk)
      this.#first = undefined
    }
  }

  /** Hex, once. */
  end(): string {
    if (this.#hash !== undefined) return this.#hash.digest('hex')
    const whole = this.#first === undefined ? this.#head : Buffer.concat([Buffer.from(this.#head), this.#first])
    const { createHash, hash } = process.getBuiltinModule('node:crypto')
    // The first releases of Node 20 have no `hash`.
    return hash === undefined ? createHash('sha256').update(whole).digest('hex') : hash('sha256', whole)
  }
}

/** Of the schemes that stay the same from one request to the next. A signature over a date is another one each time. */
function credentials(authorization: string | undefined): string {
  if (authorization === undefined) return ''
  const scheme = authorization.slice(0, 7).toLowerCase()
  return scheme === 'bearer ' || scheme.startsWith('basic ') ? authorization : ''
}
