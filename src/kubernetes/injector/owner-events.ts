/**
 * Events on the workload of a pod: whoever applied a Deployment sees no warning about its pods, but `kubectl describe` shows
 * these. The same one is told once in ten minutes, and no review waits for it.
 */
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../telemetry/log.ts'
import type { KubernetesApi } from '../api/client.ts'
import type { KubernetesObject, ObjectMeta, OwnerReference } from '../api/object.ts'
import type { PodEvent } from '../inject/mutate.ts'

/** ms before the same is told again. */
const REPEAT = 600_000
/** Of different ones that are remembered, and of those under way at once. */
const MOST = 500
const MOST_UNDER_WAY = 20

export class OwnerEvents {
  readonly #api: KubernetesApi
  readonly #clock: Clock
  readonly #log: Log
  readonly #count: (result: 'written' | 'failed' | 'dropped') => void
  readonly #told = new Map<string, number>()
  #underWay = 0

  constructor(api: KubernetesApi, clock: Clock, log: Log, count: (result: 'written' | 'failed' | 'dropped') => void) {
    this.#api = api
    this.#clock = clock
    this.#log = log
    this.#count = count
  }

  /** A pod without an owner is left out: whoever made it by hand has seen the warning, and it has no uid yet. */
  tell(namespace: string, { ownerReferences = [] }: ObjectMeta, events: readonly PodEvent[]): void {
    const owner = ownerReferences.find(({ controller }) => controller === true) ?? ownerReferences[0]
    if (owner === undefined) return
    for (const event of events) if (this.#isNew(owner, event)) void this.#write(namespace, owner, event)
  }

  #isNew(owner: OwnerReference, { reason, message }: PodEvent): boolean {
    const key = `${owner.uid} ${reason} ${message}`
    const now = this.#clock.now()
    const last = this.#told.get(key)
    if (last !== undefined && now - last < REPEAT) return false
    this.#told.delete(key)
    this.#told.set(key, now)
    // The oldest goes: a map keeps the order in which its keys came.
    if (this.#told.size > MOST) this.#told.delete(this.#told.keys().next().value as string)
    return true
  }

  async #write(namespace: string, owner: OwnerReference, { reason, message }: PodEvent): Promise<void> {
    if (this.#underWay >= MOST_UNDER_WAY) return this.#count('dropped')
    this.#underWay++
    try {
      const top = await this.#top(namespace, owner)
      const time = new Date(this.#clock.wallTime()).toISOString().replace(/\.[0-9]+Z$/, 'Z')
      await this.#api.create(`/api/v1/namespaces/${namespace}/events`, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { generateName: `${top.name}.`, namespace },
        involvedObject: { apiVersion: top.apiVersion, kind: top.kind, name: top.name, uid: top.uid, namespace },
        type: 'Warning',
        reason,
        message,
        source: { component: 'outrigger-injector' },
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      } as KubernetesObject)
      this.#count('written')
    } catch (cause) {
      this.#count('failed')
      this.#log.warn('an event cannot be written', { namespace, owner: owner.name, cause: (cause as Error).message })
    } finally {
      this.#underWay--
    }
  }

  /** The Deployment of a ReplicaSet, the CronJob of a Job: that is what people look at. */
  async #top(namespace: string, owner: OwnerReference): Promise<OwnerReference> {
    const plural = { ReplicaSet: 'apps/v1/namespaces/%/replicasets', Job: 'batch/v1/namespaces/%/jobs' }[owner.kind]
    if (plural === undefined) return owner
    try {
      const path = `/apis/${plural.replace('%', namespace)}/${owner.name}`
      const { metadata } = await this.#api.get<KubernetesObject>(path)
      return metadata.ownerReferences?.find(({ controller }) => controller === true) ?? owner
    } catch {
      return owner
    }
  }
}
