/** Mode `files`: certificate and key lie in a mounted TLS Secret, of cert-manager or of the operator, and change there. */
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { readRegular } from '../../../core/regular-file.ts'
import type { Log } from '../../../telemetry/log.ts'
import { type Issued, validityOf } from './issued.ts'

export class FileCertificates {
  readonly #folder: string
  readonly #log: Log
  readonly #onServing: (issued: Issued) => void
  #serving: Issued | undefined
  #complaint = ''

  constructor(folder: string, log: Log, onServing: (issued: Issued) => void) {
    this.#folder = folder
    this.#log = log
    this.#onServing = onServing
  }

  get ready(): boolean {
    return this.#serving !== undefined
  }

  get servingNotAfter(): number | undefined {
    return this.#serving === undefined ? undefined : validityOf(this.#serving.cert).notAfter
  }

  get authorityNotAfter(): undefined {
    return undefined
  }

  /** Reads both: what changed is taken over, and what cannot be used changes nothing (linkerd2#5888). */
  async reconcile(): Promise<void> {
    try {
      const [cert, key] = ['tls.crt', 'tls.key'].map((name) =>
        readRegular(join(this.#folder, name)).toString('utf8'),
      ) as [string, string]
      if (cert === this.#serving?.cert && key === this.#serving.key) return
      // Throws what is wrong with either, or with the rest of the chain; in the middle of a swap they may be of two generations.
      createSecureContext({ cert, key })
      this.#serving = { cert, key }
      this.#complaint = ''
      this.#onServing(this.#serving)
      this.#log.info('a serving certificate was read', { folder: this.#folder })
    } catch (error) {
      const { message } = error as Error
      if (message !== this.#complaint)
        this.#log.error('the certificate cannot be used, the last one stays', { folder: this.#folder, cause: message })
      this.#complaint = message
    }
  }
}
