/** The whole injector in one process: certificates, what it knows of the cluster, its webhooks, its probes. */
import type { HostPort, Issue } from '../../config/model.ts'
import { formatIssue } from '../../config/issues.ts'
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { Log } from '../../telemetry/log.ts'
import type { KubernetesApi } from '../api/client.ts'
import { sleep } from '../api/sleep.ts'
import { watch } from '../api/watch.ts'
import { loadSettings } from '../inject/load-settings.ts'
import type { Settings } from '../inject/settings.ts'
import { CONFIGURATIONS, configurationPath } from './certificates/ca-bundle.ts'
import { FileCertificates } from './certificates/files.ts'
import type { Issued } from './certificates/issued.ts'
import { SelfCertificates } from './certificates/self.ts'
import { Cluster } from './cluster.ts'
import { createMetrics, type InjectorMetrics } from './metrics.ts'
import { OwnerEvents } from './owner-events.ts'
import { startAdmin, WebhookServer } from './server.ts'
import { reviewPod } from './webhooks/pods.ts'
import { type CheckPolicies, reviewPolicies } from './webhooks/policies.ts'
import { reviewWorkload } from './webhooks/workloads.ts'

export interface InjectorOptions {
  readonly config: string
  readonly listen: HostPort
  readonly admin: HostPort
  readonly namespace: string
  readonly service: string
  readonly configuration: string
  readonly certificates:
    | { readonly mode: 'self'; readonly secret: string; readonly caLifetime: number; readonly servingLifetime: number }
    | { readonly mode: 'files'; readonly folder: string }
  /** ms between readiness off and the end of accepting. */
  readonly drainDelay: number
  readonly api: KubernetesApi
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly checkPolicies: CheckPolicies
}

/** ms between looks at certificates, Secret and webhook configurations; changes of the latter are seen at once. */
const LOOK = 10_000
/** ms between looks at the versions of the cluster. */
const VERSIONS = 600_000
/** ms between looks at the injector's file: projected volumes send no events that can be relied on. */
const FILE = 5000

/** What is wrong with the injector's file at the start. */
export class SettingsError extends Error {
  readonly report: readonly string[]

  constructor(issues: readonly Issue[]) {
    super('the configuration cannot be used')
    this.report = issues.map(formatIssue)
  }
}

export class Injector {
  readonly #options: InjectorOptions
  readonly #cluster: Cluster
  readonly #metrics: InjectorMetrics
  readonly #events: OwnerEvents
  readonly #certificates: SelfCertificates | FileCertificates
  readonly #stop = new AbortController()
  readonly #tasks: Promise<void>[] = []
  #settings: Settings
  #settingsGood = true
  #server: WebhookServer | undefined
  #admin: { readonly address: string; close(): void } | undefined
  readonly #failure = Promise.withResolvers<Error>()
  #draining = false
  #looking: Promise<void> | undefined
  /** `host:port` once it takes reviews; ''. */
  address = ''

  /** Throws a SettingsError. */
  constructor(options: InjectorOptions) {
    const { api, clock, log, certificates: mode } = options
    this.#options = options
    const { settings, issues } = loadSettings(options.config)
    if (settings === undefined) throw new SettingsError(issues)
    this.#settings = settings
    this.#cluster = new Cluster(api, log)
    this.#metrics = createMetrics({
      servingNotAfter: () => this.#certificates.servingNotAfter,
      authorityNotAfter: () => this.#certificates.authorityNotAfter,
      namespaces: () => this.#cluster.namespaces,
      configGood: () => this.#settingsGood,
    })
    this.#events = new OwnerEvents(api, clock, log, this.#metrics.event)
    const onServing = (issued: Issued): void => this.#serve(issued)
    this.#certificates =
      mode.mode === 'files'
        ? new FileCertificates(mode.folder, log, onServing)
        : new SelfCertificates({ ...options, ...mode, onServing, onPatch: this.#metrics.bundle })
  }

  get ready(): boolean {
    return !this.#draining && this.address !== '' && this.#certificates.ready && this.#cluster.known
  }

  /** Resolves when the webhooks cannot be served: a taken port. */
  get failed(): Promise<Error> {
    return this.#failure.promise
  }

  get adminAddress(): string {
    return this.#admin?.address ?? ''
  }

  /** Resolves once the admin listener is there; the webhooks follow as soon as there is a certificate for them. */
  async start(): Promise<void> {
    const { admin, clock, random, log } = this.#options
    const { signal } = this.#stop
    this.#admin = await startAdmin(admin, {
      ready: () => this.ready,
      metrics: () => this.#metrics.text(),
      metricsType: this.#metrics.type,
    })
    this.#tasks.push(
      this.#cluster.watchNamespaces(clock, random, signal),
      this.#every(VERSIONS, () => this.#cluster.readVersions(), 'the versions of the cluster cannot be read'),
      this.#every(this.#lookEvery(), () => this.#look(), 'certificates cannot be brought up to date'),
      this.#every(FILE, async () => this.#reload(), ''),
    )
    if (this.#options.certificates.mode === 'self') this.#watchConfigurations()
    log.debug('started')
  }

  /** SIGTERM: not ready at once, goes on while endpoints propagate, then finishes what is under way. */
  async drain(): Promise<void> {
    this.#draining = true
    this.#server?.sendAway()
    await sleep(this.#options.clock, this.#options.drainDelay, this.#stop.signal)
    await this.close()
  }

  async close(): Promise<void> {
    this.#draining = true
    await this.#server?.close()
    this.#stop.abort()
    await Promise.all(this.#tasks)
    this.#admin?.close()
    await this.#options.api.close()
  }

  /** Short-lived certificates are looked at more often. */
  #lookEvery(): number {
    const { certificates } = this.#options
    return certificates.mode === 'self' ? Math.min(LOOK, certificates.servingLifetime / 20) : FILE
  }

  /** One look at a time: two would make two CAs. */
  #look(): Promise<void> {
    this.#looking ??= this.#certificates.reconcile().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  #watchConfigurations(): void {
    const { api, clock, random, log, configuration } = this.#options
    const look = (): void => {
      this.#look().catch((cause: Error) =>
        log.warn('certificates cannot be brought up to date', { cause: cause.message }),
      )
    }
    for (const plural of CONFIGURATIONS) {
      const path = configurationPath(plural, '').slice(0, -1)
      const watcher = {
        onSync: look,
        onChange: look,
        onError: (cause: Error, delay: number) =>
          log.warn(`${plural} cannot be watched`, { cause: cause.message, delay }),
      }
      const query = { fieldSelector: `metadata.name=${configuration}` }
      this.#tasks.push(watch(api, path, watcher, { query, clock, random, signal: this.#stop.signal }))
    }
  }

  /** Now, and then every so often; a failure is told and tried again soon. */
  async #every(interval: number, task: () => Promise<void>, complaint: string): Promise<void> {
    const { clock, log, random } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      let wait = interval
      try {
        await task()
      } catch (cause) {
        wait = Math.min(interval, 1000 + random.fraction() * 2000)
        if (!signal.aborted) log.warn(complaint, { cause: (cause as Error).message })
      }
      await sleep(clock, wait, signal)
    }
  }

  #reload(): void {
    const { settings, issues } = loadSettings(this.#options.config)
    const good = settings !== undefined
    if (!good && this.#settingsGood) {
      this.#options.log.error('the configuration cannot be used, the last good one stays', {
        issues: issues.map(formatIssue),
      })
    }
    this.#settingsGood = good
    if (settings === undefined || JSON.stringify(settings) === JSON.stringify(this.#settings)) return
    this.#settings = settings
    this.#options.log.info('the configuration was taken over')
  }

  #serve(issued: Issued): void {
    if (this.#server !== undefined) this.#server.setCertificate(issued)
    else void this.#open(issued)
  }

  async #open(issued: Issued): Promise<void> {
    const { clock, log, listen, checkPolicies } = this.#options
    const settings = (): Settings => this.#settings
    const cluster = this.#cluster
    const pods = { settings, cluster, events: this.#events, count: this.#metrics.pod }
    this.#server = new WebhookServer(
      issued,
      {
        '/mutate': (request) => reviewPod(request, pods),
        '/validate-policy': (request) => reviewPolicies(request, checkPolicies),
        '/warn-workload': (request) => reviewWorkload(request, { settings, cluster }),
      },
      clock,
      (path, result, seconds, cause) => {
        this.#metrics.review(path, result, seconds)
        if (cause !== undefined) log.error('a review failed', { path, cause })
      },
    )
    try {
      this.address = await this.#server.listen(listen)
      log.info('webhooks are served', { listen: this.address })
    } catch (cause) {
      this.#failure.resolve(cause as Error)
    }
  }
}
