/** What this instance adds to Via: the version a message came in, and our name (RFC 9110 §7.6.3). */
export class Via {
  readonly #http10: string
  readonly #http11: string
  readonly #http2: string

  constructor(pseudonym: string) {
    this.#http10 = `1.0 ${pseudonym}`
    this.#http11 = `1.1 ${pseudonym}`
    this.#http2 = `2.0 ${pseudonym}`
  }

  /** `protocol` 10, 11 or 20; anything else counts as 11. */
  of(protocol: number): string {
    return protocol === 20 ? this.#http2 : protocol === 10 ? this.#http10 : this.#http11
  }
}
