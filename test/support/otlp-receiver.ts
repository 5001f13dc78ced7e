/** A collector that speaks OTLP/HTTP, in JSON and in protobuf: what came, and what it says. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeOtlp } from './otlp-decode.ts'
import type { KeyValue, Metrics, Span, Traces } from './otlp-messages.ts'

export const KIND = { SERVER: 2, CLIENT: 3 } as const
export const ERROR = 2

/** `{key: value}` of attributes whose values are scalars. */
export function values(attributes: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}

export class OtlpReceiver {
  /** `METHOD PATH` with the content type, of each request. */
  readonly requests: { line: string; headers: IncomingHttpHeaders }[] = []
  readonly traces: Traces[] = []
  readonly metrics: Metrics[] = []
  url = ''
  #waiting: (() => void)[] = []

  get spans(): Span[] {
    return this.traces.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    )
  }

  /** The attributes of the resource that the newest traces are of. */
  get resource(): Record<string, unknown> {
    return values(this.traces.at(-1)?.resourceSpans[0]?.resource.attributes)
  }

  /** Waits for more to come until `holds`; the test's own timeout ends a wait in vain. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  async listen(t: { teardown(fn: () => unknown): unknown }): Promise<this> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        this.#take(request.url ?? '', request.headers, Buffer.concat(chunks))
        this.requests.push({ line: `${request.method} ${request.url}`, headers: request.headers })
        const type = request.headers['content-type'] ?? ''
        response.setHeader('content-type', type)
        // Of both answers the empty message: everything was taken.
        response.end(type.includes('json') ? '{}' : '')
        for (const wake of this.#waiting.splice(0)) wake()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return this
  }

  #take(path: string, headers: IncomingHttpHeaders, body: Buffer): void {
    const message = decodeOtlp(path, headers, body)
    if ('resourceSpans' in message) this.traces.push(message)
    else this.metrics.push(message)
  }
}
