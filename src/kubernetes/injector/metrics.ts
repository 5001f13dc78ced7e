/** The injector's metrics. prom-client is at hand here: nothing of this is on a path of requests. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What is read at a scrape. */
export interface MetricSources {
  servingNotAfter(): number | undefined
  authorityNotAfter(): number | undefined
  namespaces(): number
  configGood(): boolean
}

export interface InjectorMetrics {
  pod(result: string, reason: string): void
  review(path: string, result: 'allowed' | 'denied' | 'error', seconds: number): void
  event(result: string): void
  bundle(result: string): void
  text(): Promise<string>
  readonly type: string
}

export function createMetrics(sources: MetricSources): InjectorMetrics {
  const registry = new Registry()
  const registers = [registry]
  const pods = new Counter({
    name: 'outrigger_injector_pods_total',
    help: 'Pods that were reviewed, each once; dry runs are left out.',
    labelNames: ['result', 'reason'],
    registers,
  })
  const reviews = new Counter({
    name: 'outrigger_injector_reviews_total',
    help: 'Calls of the API server.',
    labelNames: ['path', 'result'],
    registers,
  })
  const duration = new Histogram({
    name: 'outrigger_injector_review_duration_seconds',
    help: 'From the head of a review to its answer.',
    labelNames: ['path'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const events = new Counter({
    name: 'outrigger_injector_events_total',
    help: 'Events on workloads.',
    labelNames: ['result'],
    registers,
  })
  const bundles = new Counter({
    name: 'outrigger_injector_ca_bundle_patches_total',
    help: 'Times that the CA was to be written into a webhook configuration.',
    labelNames: ['result'],
    registers,
  })
  new Gauge({
    name: 'outrigger_injector_cert_not_after_seconds',
    help: 'When a certificate ends, in seconds since 1970.',
    labelNames: ['certificate'],
    registers,
    collect() {
      for (const [certificate, at] of [
        ['serving', sources.servingNotAfter()],
        ['ca', sources.authorityNotAfter()],
      ] as const) {
        if (at !== undefined) this.set({ certificate }, Math.floor(at / 1000))
      }
    },
  })
  new Gauge({
    name: 'outrigger_injector_namespaces',
    help: 'Namespaces whose labels and annotations are known.',
    registers,
    collect() {
      this.set(sources.namespaces())
    },
  })
  new Gauge({
    name: 'outrigger_injector_config_last_reload_success',
    help: "Whether the injector's file could be used when it was read last.",
    registers,
    collect() {
      this.set(sources.configGood() ? 1 : 0)
    },
  })
  return {
    pod: (result, reason) => pods.inc({ result, reason }),
    review: (path, result, seconds) => {
      reviews.inc({ path, result })
      duration.observe({ path }, seconds)
    },
    event: (result) => events.inc({ result }),
    bundle: (result) => bundles.inc({ result }),
    text: () => registry.metrics(),
    type: registry.contentType,
  }
}
