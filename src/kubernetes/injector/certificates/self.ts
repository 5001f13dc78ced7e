/**
 * Mode `self`: the CA in a Secret, a serving certificate of this replica's own in memory, and the webhooks kept in step.
 *
 * The order of a change of CA is what lets no pod be refused: first every bundle believes both, then, once the API server
 * has had time to notice, certificates of the new one are served; the old one goes when nothing of it is valid any more.
 */
import { isStatus } from '../../api/api-error.ts'
import type { KubernetesApi } from '../../api/client.ts'
import type { Clock } from '../../../core/clock.ts'
import type { Log } from '../../../telemetry/log.ts'
import { type Authority, bundleOf, readAuthority } from './authority.ts'
import {
  CONFIGURATIONS,
  configurationPath,
  missingIn,
  patchBundle,
  readConfiguration,
  type Target,
} from './ca-bundle.ts'
import { type Issued, isSignedBy, renewalOf, validityOf } from './issued.ts'

export interface SelfOptions {
  readonly api: KubernetesApi
  readonly clock: Clock
  readonly log: Log
  readonly namespace: string
  readonly service: string
  readonly secret: string
  readonly configuration: string
  /** ms. */
  readonly caLifetime: number
  readonly servingLifetime: number
  /** Another certificate is to be served. */
  onServing(issued: Issued): void
  onPatch(result: 'written' | 'conflict' | 'failed'): void
}

/** ms that an API server may take to notice a changed webhook configuration; measured: 0.1 to 0.3 s. */
const NOTICE = 5000

export class SelfCertificates {
  readonly #options: SelfOptions
  readonly #target: Target
  #authority: Authority | undefined
  #serving: Issued | undefined
  /** When the live configurations were first seen to believe the current CA, on the clock; undefined: they do not. */
  #believedSince: number | undefined
  /** The CA that `#believedSince` is about. */
  #believed = ''

  constructor(options: SelfOptions) {
    this.#options = options
    this.#target = { name: options.configuration, service: options.service, namespace: options.namespace }
  }

  /** The API server believes what we serve. */
  get ready(): boolean {
    return this.#serving !== undefined && this.#believedSince !== undefined
  }

  get servingNotAfter(): number | undefined {
    return this.#serving === undefined ? undefined : validityOf(this.#serving.cert).notAfter
  }

  get authorityNotAfter(): number | undefined {
    return this.#authority === undefined ? undefined : validityOf(this.#authority.current.cert).notAfter
  }

  /** One look at everything, with what has to be done. Called again and again; rejects when the API is away. */
  async reconcile(): Promise<void> {
    const { api, namespace, secret, caLifetime: lifetime, servingLifetime, clock } = this.#options
    const wallTime = (): number => clock.wallTime()
    // The Secret first: a bundle made of what we remember could take another replica's new CA out again.
    this.#authority = await readAuthority({ api, namespace, secret, lifetime, servingLifetime, wallTime })
    await this.#believe(this.#authority)
    await this.#serve(this.#authority)
  }

  async #believe(authority: Authority): Promise<void> {
    const { api, clock, log, configuration: name, onPatch } = this.#options
    const bundle = bundleOf(authority)
    let seen = false
    let all = true
    for (const plural of CONFIGURATIONS) {
      const path = configurationPath(plural, name)
      const configuration = await readConfiguration(api, path)
      if (configuration === undefined || missingIn(configuration, this.#target, bundle) === undefined) continue
      seen = true
      try {
        if (!(await patchBundle(api, path, configuration, this.#target, bundle))) continue
        onPatch('written')
        log.info('the CA was written into a webhook configuration', { configuration: `${plural}/${name}` })
      } catch (error) {
        all = false
        onPatch(isStatus(error, 409) ? 'conflict' : 'failed')
        if (!isStatus(error, 409)) throw error
      }
    }
    if (!seen || !all) {
      if (!seen) this.#believedSince = undefined
      return
    }
    if (this.#believed !== authority.current.cert || this.#believedSince === undefined) {
      this.#believed = authority.current.cert
      this.#believedSince = clock.now()
    }
  }

  async #serve(authority: Authority): Promise<void> {
    const { clock, log, service, namespace, servingLifetime, onServing } = this.#options
    const now = clock.wallTime()
    if (this.#serving !== undefined) {
      const validity = validityOf(this.#serving.cert)
      const current = isSignedBy(this.#serving.cert, authority.current.cert)
      if (current && now < renewalOf(validity)) return
      const noticed =
        this.#believed === authority.current.cert && clock.now() - (this.#believedSince ?? Infinity) >= NOTICE
      // Of the old CA it goes on until the new one is believed everywhere, but not past its own end. Of one that no bundle has any
      // more, as after the Secret was deleted, it is refused already.
      const old = isSignedBy(this.#serving.cert, authority.old)
      if (old && !noticed && now < validity.notAfter) return
    }
    const { issueServing } = await import('./issue.ts')
    const names = [
      `${service}.${namespace}.svc`,
      `${service}.${namespace}`,
      `${service}.${namespace}.svc.cluster.local`,
    ]
    this.#serving = await issueServing(authority.current, names, now, servingLifetime)
    onServing(this.#serving)
    log.info('a serving certificate was made', {
      notAfter: new Date(validityOf(this.#serving.cert).notAfter).toISOString(),
    })
  }
}
