/** Asks the API server: one JSON document there, one back. undici is loaded by the first question. */
import type { Agent, Dispatcher } from 'undici'
import { ApiError } from './api-error.ts'
import type { Connection } from './connection.ts'
import type { KubernetesList, KubernetesObject } from './object.ts'

export type Query = Readonly<Record<string, string>>

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly query?: Query
  readonly body?: unknown
  readonly contentType?: string
  readonly signal?: AbortSignal | undefined
}

export type PatchKind = 'json-patch' | 'merge-patch' | 'strategic-merge-patch'

/** ms for the head of an answer, and between two pieces of its body. */
const PATIENCE = 10_000
/** Items of one answer to a list. */
const PAGE = '500'
/**
 * Before a stream without a byte is taken for dead, ms. More than the longest watch that is asked for: an API server sends a bookmark
 * only when it has a new place to tell, and in a quiet cluster that is never.
 */
const SILENCE = 330_000
/** ms of silence after which TCP asks whether the other side is still there; ten such questions, 1 s apart, unanswered: it is not. */
const PROBE_AFTER = 30_000

/** Paths are those of the API, `/api/v1/namespaces/shop/configmaps/x`. Every method rejects with an ApiError or a network error. */
export class KubernetesApi {
  readonly #connection: Connection
  #agent: Promise<Agent> | undefined

  constructor(connection: Connection) {
    this.#connection = connection
  }

  get<T extends KubernetesObject>(path: string, signal?: AbortSignal): Promise<T> {
    return this.ask<T>(path, { signal })
  }

  /** All items, whatever the number of pages. */
  async list<T extends KubernetesObject>(
    path: string,
    query: Query = {},
    signal?: AbortSignal,
  ): Promise<KubernetesList<T>> {
    const items: T[] = []
    let page = ''
    for (;;) {
      const more: Query = page === '' ? { limit: PAGE } : { limit: PAGE, continue: page }
      const part = await this.ask<KubernetesList<T>>(path, { query: { ...query, ...more }, signal })
      items.push(...part.items)
      page = part.metadata.continue ?? ''
      if (page === '') return { metadata: part.metadata, items }
    }
  }

  create<T extends KubernetesObject>(path: string, object: T, query: Query = {}): Promise<T> {
    return this.ask<T>(path, { method: 'POST', body: object, query })
  }

  /** Replaces; with `metadata.resourceVersion` only what was read. */
  update<T extends KubernetesObject>(path: string, object: T): Promise<T> {
    return this.ask<T>(path, { method: 'PUT', body: object })
  }

  patch<T extends KubernetesObject>(path: string, patch: unknown, kind: PatchKind = 'json-patch'): Promise<T> {
    return this.ask<T>(path, { method: 'PATCH', body: patch, contentType: `application/${kind}+json` })
  }

  delete(path: string): Promise<unknown> {
    return this.ask(path, { method: 'DELETE' })
  }

  async ask<T>(path: string, ask: Ask = {}): Promise<T> {
    const text = await this.text(path, ask)
    return (text === '' ? {} : JSON.parse(text)) as T
  }

  /** For what is no object: a log, the metrics of a pod. */
  async text(path: string, ask: Ask = {}): Promise<string> {
    const { statusCode, body } = await this.#send(path, ask, PATIENCE)
    const text = await body.text()
    if (statusCode < 200 || statusCode > 299) throw ApiError.of(`${ask.method ?? 'GET'} ${path}`, statusCode, text)
    return text
  }

  /** The pieces of an answer that goes on and on (`watch=true`, `follow=true`). */
  async stream(path: string, query: Query, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const { statusCode, body } = await this.#send(path, { query, signal }, SILENCE)
    if (statusCode !== 200) throw ApiError.of(`GET ${path}`, statusCode, await body.text())
    return body
  }

  async close(): Promise<void> {
    await (await this.#agent)?.destroy()
  }

  /** A refused token may just have been renewed: once more with what stands in the file now. */
  async #send(path: string, ask: Ask, patience: number): Promise<Dispatcher.ResponseData> {
    const answer = await this.#once(path, ask, patience, false)
    if (answer.statusCode !== 401) return answer
    await answer.body.dump()
    return this.#once(path, ask, patience, true)
  }

  async #once(path: string, ask: Ask, patience: number, fresh: boolean): Promise<Dispatcher.ResponseData> {
    const agent = await (this.#agent ??= this.#open())
    const query = new URLSearchParams(ask.query).toString()
    const token = this.#connection.token(fresh)
    return agent.request({
      origin: this.#connection.url,
      path: query === '' ? path : `${path}?${query}`,
      method: ask.method ?? 'GET',
      headers: {
        accept: 'application/json',
        'user-agent': 'outrigger',
        ...(ask.body === undefined ? {} : { 'content-type': ask.contentType ?? 'application/json' }),
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      },
      body: ask.body === undefined ? null : JSON.stringify(ask.body),
      signal: ask.signal ?? null,
      headersTimeout: PATIENCE,
      bodyTimeout: patience,
    })
  }

  async #open(): Promise<Agent> {
    const { Agent, buildConnector } = await import('undici')
    const connection = this.#connection
    return new Agent({
      allowH2: false,
      connect(options, callback) {
        const ca = connection.ca()
        const patience = { timeout: PATIENCE, keepAliveInitialDelay: PROBE_AFTER }
        const connect = buildConnector({ allowH2: false, ...patience, ...(ca === undefined ? {} : { ca }) })
        connect(options, callback)
      },
    })
  }
}
