/** A sidecar between a raw client and raw origins, all of which end with the test. */
import type { Clock } from '../../src/core/clock.ts'
import { type Proxy as Sidecar, type ProxyOptions, startProxy } from './proxy.ts'
import { Nonsense } from './read-message.ts'
import { connect, type RawSocket } from './raw.ts'
import { answering, type RawOrigin, type Script, startRawOrigin } from './raw-origin.ts'

interface Test {
  teardown(fn: () => unknown): unknown
}

export interface Scene {
  readonly proxy: Sidecar
  readonly origin: RawOrigin
  /** Requests to the Service `origin`; inbound with `app`. */
  readonly port: number
  client(): Promise<RawSocket>
}

export interface SceneOptions extends ProxyOptions {
  /** Documents behind the Sidecar and the Service `origin`. */
  readonly yaml?: string
  /** More lines of the Sidecar document. */
  readonly sidecar?: string
  /** More lines of the Service `origin`. */
  readonly service?: string
  readonly clock?: Clock
  /** The origin is the application, and the client talks to the inbound listener. */
  readonly inbound?: boolean
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi!'

/** The origin that says hi. */
export const HI: Script = answering(() => OK)

/** One policy for the Service `origin`: what it says, indented by nothing. */
export function policy(blocks: string, match = '{direction: outbound, service: origin}'): string {
  return `kind: Policy\nname: p\nmatch: ${match}\n${blocks}\n`
}

export async function scene(t: Test, script: Script, options: SceneOptions = {}): Promise<Scene> {
  const { yaml = '', sidecar = '', service = '', inbound = false, ...rest } = options
  const origin = await startRawOrigin(script)
  // Torn down last: what was opened is closed before.
  t.teardown(() => {
    // What it waited for in vain is the test's to notice; what it could not read is not.
    const nonsense = origin.errors.find((error) => error instanceof Nonsense)
    if (nonsense !== undefined) throw nonsense
  })
  t.teardown(() => origin.close())
  const head = `kind: Sidecar\nname: test\naccessLog: {format: none}\n${sidecar}\n`
  const one = `kind: Service\nname: origin\nendpoints: ["127.0.0.1:${origin.port}"]\n${service}\n`
  const text = [head, one, yaml].filter((document) => document !== '').join('---\n')
  const proxy = await startProxy(text, inbound ? { ...rest, app: origin.port } : rest)
  t.teardown(() => proxy.stop())
  const port = inbound ? proxy.inbound : proxy.outbound
  return {
    proxy,
    origin,
    port,
    client: async () => {
      const client = await connect(port)
      t.teardown(() => client.destroy())
      return client
    },
  }
}
