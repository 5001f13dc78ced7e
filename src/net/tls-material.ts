/** What a side of TLS shows and believes: certificate, key and CAs, exchanged while connections go on. */
import type { SecureContext } from 'node:tls'

/** PEM, as the files have it. */
export interface TlsContents {
  readonly cert: Buffer | undefined
  readonly key: Buffer | undefined
  readonly ca: Buffer | readonly string[] | undefined
  readonly context: SecureContext
}

export class TlsMaterial {
  #contents: TlsContents
  readonly #followers: (() => void)[]

  constructor(contents: TlsContents) {
    this.#contents = contents
    this.#followers = []
  }

  /** As it is now: for the next handshake. */
  get contents(): TlsContents {
    return this.#contents
  }

  /** `renewed` is called when the contents were exchanged. */
  follow(renewed: () => void): void {
    this.#followers.push(renewed)
  }

  renew(contents: TlsContents): void {
    this.#contents = contents
    for (const renewed of this.#followers) renewed()
  }
}
