/** Pods created one after the other for as long as it takes, as dry runs: everything is asked, and nothing is left. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Cluster } from '../cluster.ts'
import { MESHED, shape } from './looks.ts'

const LANES = 4
/** ms between two pods of a lane. */
const GAP = 10

export interface Told {
  readonly pods: number
  readonly refused: number
  /** What was not a pod with a sidecar, each message once. */
  readonly bad: readonly string[]
}

export class Load {
  readonly #lanes: Promise<void>[]
  readonly #bad = new Set<string>()
  #pods = 0
  #refused = 0
  #over = false

  constructor(cluster: Cluster, namespace: string) {
    this.#lanes = Array.from({ length: LANES }, (_, lane) => this.#drive(cluster, namespace, lane))
  }

  async #drive(cluster: Cluster, namespace: string, lane: number): Promise<void> {
    const metadata = { name: `load-${lane}`, namespace }
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'app', image: 'app:v1' }] } }
    while (!this.#over) {
      const { object, message } = await cluster.create(pod, { dryRun: true })
      this.#pods += 1
      if (message !== '') this.#refused += 1
      if (message !== '') this.#bad.add(message)
      else if (shape(object) !== MESHED) this.#bad.add(`a pod came out as: ${shape(object)}`)
      await pause(GAP)
    }
  }

  async end(): Promise<Told> {
    this.#over = true
    await Promise.all(this.#lanes)
    return { pods: this.#pods, refused: this.#refused, bad: [...this.#bad] }
  }
}
