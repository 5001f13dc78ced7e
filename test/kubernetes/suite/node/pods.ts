/** Pods as they run: found, waited for, and spoken to from the machine. */
import { Agent, request } from 'undici'
import type { Cluster } from '../cluster.ts'
import { until } from '../until.ts'
import type { Seen } from './app.ts'
import type { Counts, Outcome } from './load.ts'
import { APP_PORT, PROXY } from './objects.ts'

// biome-ignore lint/suspicious/noExplicitAny: objects of the API
type Json = any

/** ms for a pod to come up on a machine that has other things to do. */
const SLOW = 120_000

export type Protocol = 'http1' | 'http2'

export interface Address {
  readonly family: 'IPv4' | 'IPv6'
  /** As in a URL: IPv6 in brackets. */
  readonly host: string
}

export function addresses(pod: Json): Address[] {
  return pod.status.podIPs.map(({ ip }: Json) =>
    ip.includes(':') ? { family: 'IPv6', host: `[${ip}]` } : { family: 'IPv4', host: ip },
  )
}

export const isReady = (pod: Json): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  (pod.status.conditions ?? []).some(({ type, status }: Json) => type === 'Ready' && status === 'True')

/** The pods of an application, once `count` of them are there, ready, and nothing else is. */
export function ready(cluster: Cluster, namespace: string, app: string, count = 1): Promise<Json[]> {
  const what = `${count} ready pods of ${namespace}/${app}`
  const ask = async (): Promise<Json[] | false> => {
    const pods = await cluster.list('Pod', namespace, `labelSelector=app%3D${app}`)
    return pods.length === count && pods.every(isReady) && pods
  }
  return until(what, ask, SLOW)
}

/** Of its sidecar: the container's state and how often it was started again. */
export function proxyStatus(pod: Json): Json {
  return pod.status.initContainerStatuses.find(({ name }: Json) => name === PROXY)
}

export const appStatus = (pod: Json): Json => pod.status.containerStatuses.find(({ name }: Json) => name === 'app')

/** One request from the machine, on a connection of its own. */
export async function fetchOnce(url: string, host?: string): Promise<Outcome> {
  const dispatcher = new Agent({ pipelining: 0, connect: { timeout: 2000 } })
  try {
    const headers = host === undefined ? {} : { host }
    const { statusCode, body } = await request(url, { dispatcher, headers, headersTimeout: 20_000 })
    return { status: statusCode, text: await body.text() }
  } catch (error) {
    return { status: 0, text: `${error}` }
  } finally {
    await dispatcher.destroy()
  }
}

/** What the application says has reached it; throws where nothing did. */
export function seenBy({ status, text }: Outcome): Seen {
  if (status !== 200) throw new Error(`${status} ${text}`)
  return JSON.parse(text)
}

/** The application of a pod, told what to do. */
export class Driven {
  readonly #base: string

  constructor(pod: Json) {
    this.#base = `http://${addresses(pod)[0]!.host}:${APP_PORT}`
  }

  ask(url: string, host?: string): Promise<Outcome> {
    const more = host === undefined ? '' : `&host=${encodeURIComponent(host)}`
    return this.#tell(`/ask?url=${encodeURIComponent(url)}${more}`)
  }

  async load(url: string, clients: number, protocol: Protocol = 'http1'): Promise<void> {
    await this.#tell(`/load?url=${encodeURIComponent(url)}&clients=${clients}&protocol=${protocol}`)
  }

  end(protocol: Protocol = 'http1'): Promise<Counts> {
    return this.#tell(`/end?protocol=${protocol}`)
  }

  async #tell<T>(path: string): Promise<T> {
    const { status, text } = await fetchOnce(`${this.#base}${path}`)
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`)
    return JSON.parse(text)
  }
}
