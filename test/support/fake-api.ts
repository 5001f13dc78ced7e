/** An API server in small, on a real socket: objects by path, lists, watches with bookmarks, JSON patches, conflicts. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeObject {
  apiVersion?: string
  kind?: string
  metadata: { name?: string; namespace?: string; resourceVersion?: string; [key: string]: unknown }
  [key: string]: unknown
}

interface Answer {
  readonly status: number
  readonly value: unknown
}

interface Watching {
  readonly path: string
  readonly response: ServerResponse
}

export class FakeApi {
  readonly objects = new Map<string, FakeObject>()
  /** `METHOD path?query` of every question, in order. */
  readonly asked: string[] = []
  readonly tokens: string[] = []
  /** Answers with this status instead: path prefix → status. */
  readonly refuses = new Map<string, number>()
  /** Watches are refused with this status, and lists are not. */
  refusesWatches: number | undefined
  /** Answers wait for this. */
  slow: Promise<unknown> = Promise.resolve()
  /** Places before this one are forgotten: a watch from there is answered with 410. */
  forgotten = 0
  version = 100
  pageSize = Number.POSITIVE_INFINITY
  #watching: Watching[] = []
  #wake: (() => void)[] = []
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this.url
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  /** Puts an object in place and tells who watches. */
  put(path: string, object: FakeObject): FakeObject {
    const known = this.objects.has(path)
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.version) } }
    this.objects.set(path, stored)
    this.#tell(path, known ? 'MODIFIED' : 'ADDED', stored)
    return stored
  }

  remove(path: string): void {
    const object = this.objects.get(path)
    if (object === undefined) return
    this.objects.delete(path)
    this.#tell(path, 'DELETED', {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(++this.version) },
    })
  }

  bookmark(): void {
    const object = { kind: 'x', metadata: { resourceVersion: String(++this.version) } }
    for (const { response } of this.#watching) response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`)
  }

  /** Watches that are open. */
  get watches(): number {
    return this.#watching.length
  }

  /** Ends every watch: in good order, or by cutting the connection. */
  endWatches(cut = false): void {
    for (const { response } of this.#watching.splice(0)) {
      if (cut) response.socket?.destroy()
      else response.end()
    }
  }

  /** Resolves once a question begins with this. */
  async when(start: string, times = 1): Promise<void> {
    while (this.asked.filter((one) => one.startsWith(start)).length < times) {
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  #tell(path: string, type: string, object: FakeObject): void {
    const folder = path.slice(0, path.lastIndexOf('/'))
    for (const one of this.#watching) {
      if (one.path === folder) one.response.write(`${JSON.stringify({ type, object })}\n`)
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://api')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
    this.tokens.push(request.headers.authorization ?? '')
    this.asked.push(`${request.method} ${request.url}`)
    for (const wake of this.#wake.splice(0)) wake()
    await this.slow
    const { method = 'GET' } = request
    const watching = query.get('watch') === 'true'
    const refusal = this.#refusal(pathname, watching)
    if (watching && refusal === undefined) this.#watch(pathname, query, response)
    else {
      const { status, value } = refusal ?? this.#answerTo(method, pathname, query, body)
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(value))
    }
    for (const wake of this.#wake.splice(0)) wake()
  }

  #refusal(path: string, watching: boolean): Answer | undefined {
    if (watching && this.refusesWatches !== undefined) return failure(this.refusesWatches, 'Refused')
    const refused = [...this.refuses].find(([prefix]) => path.startsWith(prefix))
    return refused === undefined ? undefined : failure(refused[1], 'Refused')
  }

  #answerTo(method: string, path: string, query: URLSearchParams, body: unknown): Answer {
    const stored = this.objects.get(path)
    switch (method) {
      case 'GET':
        if (stored !== undefined) return { status: 200, value: stored }
        return path.endsWith('s') ? this.#list(path, query) : failure(404, 'NotFound')
      case 'POST': {
        const object = body as FakeObject
        const name = object.metadata.name ?? `${object.metadata['generateName']}${this.version}`
        if (this.objects.has(`${path}/${name}`)) return failure(409, 'AlreadyExists')
        return { status: 201, value: this.put(`${path}/${name}`, object) }
      }
      case 'PUT': {
        const { resourceVersion } = (body as FakeObject).metadata
        if (stored === undefined) return failure(404, 'NotFound')
        if (resourceVersion !== undefined && resourceVersion !== stored.metadata.resourceVersion) {
          return failure(409, 'Conflict')
        }
        return { status: 200, value: this.put(path, body as FakeObject) }
      }
      case 'PATCH': {
        const patched = stored === undefined ? undefined : applyPatch(stored, body as Operation[])
        if (patched === undefined) return failure(422, 'Invalid')
        const kept = patched.metadata.resourceVersion === stored?.metadata.resourceVersion
        return kept ? { status: 200, value: this.put(path, patched) } : failure(409, 'Conflict')
      }
      default:
        this.remove(path)
        return { status: 200, value: { kind: 'Status' } }
    }
  }

  #list(path: string, query: URLSearchParams): Answer {
    const all = [...this.objects]
      .filter(([key]) => key.slice(0, key.lastIndexOf('/')) === path)
      .map(([, object]) => object)
    const from = Number(query.get('continue') ?? 0)
    const items = all.slice(from, from + this.pageSize)
    const more = from + items.length < all.length ? { continue: String(from + items.length) } : {}
    return { status: 200, value: { metadata: { resourceVersion: String(this.version), ...more }, items } }
  }

  #watch(path: string, query: URLSearchParams, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' })
    if (Number(query.get('resourceVersion')) < this.forgotten) {
      const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`)
      return
    }
    response.flushHeaders()
    const watching = { path, response }
    this.#watching.push(watching)
    response.on('close', () => {
      this.#watching = this.#watching.filter((one) => one !== watching)
    })
  }
}

export interface Operation {
  readonly op: 'add' | 'remove' | 'replace' | 'test'
  readonly path: string
  readonly value?: unknown
}

/** RFC 6902, strictly; undefined where an operation does not fit. */
export function applyPatch<T>(document: T, patch: readonly Operation[]): T | undefined {
  const root = { root: structuredClone(document) } as unknown as Record<string, unknown>
  for (const { op, path, value } of patch) {
    const keys = ['root', ...path.split('/').slice(1)].map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = keys.pop() as string
    let holder: unknown = root
    for (const key of keys) holder = (holder as Record<string, unknown> | undefined)?.[key]
    if (holder === null || typeof holder !== 'object') return undefined
    if (Array.isArray(holder)) {
      const index = last === '-' ? holder.length : Number(last)
      if (!Number.isInteger(index) || index < 0 || index > holder.length) return undefined
      if (op === 'add') holder.splice(index, 0, structuredClone(value))
      else if (index >= holder.length) return undefined
      else if (op === 'remove') holder.splice(index, 1)
      else if (op === 'replace') holder[index] = structuredClone(value)
      else if (JSON.stringify(holder[index]) !== JSON.stringify(value)) return undefined
      continue
    }
    const map = holder as Record<string, unknown>
    if (op !== 'add' && !Object.hasOwn(map, last)) return undefined
    if (op === 'remove') delete map[last]
    else if (op !== 'test') map[last] = structuredClone(value)
    else if (JSON.stringify(map[last]) !== JSON.stringify(value)) return undefined
  }
  return root['root'] as T
}

function failure(code: number, reason: string): Answer {
  const value = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message: `${reason} it is` }
  return { status: code, value }
}
