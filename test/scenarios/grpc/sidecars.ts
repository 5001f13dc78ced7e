/** The two sidecars in line, and what the client's own is told of each name under which the order service is called. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child, type Ready } from '../../../src/demo/child.ts'

const QUIET = 'kind: Sidecar\nname: story\naccessLog: {format: none}\n'

/** One service under several names, so that what a step does to a breaker or a bulkhead concerns no other step. */
function policies(next: string): string {
  return ['orders', 'guarded', 'crowded', 'bounded']
    .map((name) => `---\nkind: Service\nname: ${name}\nendpoints: ["${next}"]\nsidecar: true\n`)
    .join('')
    .concat(POLICIES)
}

/** The budget is not what these steps are about: it lets everything pass. */
const POLICIES = `---
kind: Policy
name: orders
match: {direction: outbound, service: orders}
retry: {max: 2, backoff: {base: 5ms, max: 20ms}, budget: {percent: 100%, minPerSecond: 100}}
---
kind: Policy
name: guarded
match: {direction: outbound, service: guarded}
breaker: {scope: service, window: {type: count, size: 20, minimumCalls: 10}, open: {base: 1m, max: 1m}}
---
kind: Policy
name: crowded
match: {direction: outbound, service: crowded}
bulkhead: {maxConcurrent: 1}
---
kind: Policy
name: bounded
match: {direction: outbound, service: bounded, routes: [{grpc: order.OrderService/GetOrder, stream: false}]}
timeout: {request: 300ms}
`

export class Sidecars {
  #folder = ''
  readonly client: Child
  readonly server: Child
  /** Where the client goes. */
  readonly entrance: string

  private constructor(folder: string, server: Child, client: Child, entrance: string) {
    this.#folder = folder
    this.server = server
    this.client = client
    this.entrance = entrance
  }

  /** `command` is what follows `node` to become a sidecar; `app` is where the order service listens. */
  static async start(command: readonly string[], app: string): Promise<Sidecars> {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-grpc-'))
    const spawned: Child[] = []
    const start = async (name: string, text: string, flags: readonly string[]): Promise<Ready> => {
      const config = join(folder, name)
      await mkdir(config)
      await writeFile(join(config, 'sidecar.yaml'), `${QUIET}${text}`)
      const child = new Child(`sidecar of the ${name}`, [...command, '--config', config, '--name', name, ...flags])
      spawned.push(child)
      return child.ready()
    }
    try {
      const admin = ['--admin', '127.0.0.1:0']
      const inner = await start('server', '', ['--app', app, '--inbound', '127.0.0.1:0', ...admin])
      const outer = await start('client', policies(inner.inbound?.[0] ?? ''), ['--outbound', '127.0.0.1:0', ...admin])
      const [server, client] = spawned as [Child, Child]
      return new Sidecars(folder, server, client, outer.outbound ?? '')
    } catch (error) {
      await Promise.all(spawned.map((child) => child.stop()))
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.client.stop(), this.server.stop()])
    await rm(this.#folder, { recursive: true, force: true })
  }
}
