/** Three endpoints, some of whose answers take long, behind one sidecar that knows them under two names. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from '../../../src/demo/child.ts'
import { after } from '../../../src/demo/time.ts'
import { Seeded } from '../../support/seeded.ts'

/** The share that takes `slow` ms; the others take from `least` to `most`, evenly. */
export interface Shape {
  readonly share: number
  readonly slow: number
  readonly least: number
  readonly most: number
}

const ENDPOINTS = 3

function policies(ports: readonly number[]): string {
  const list = ports.map((port) => `"127.0.0.1:${port}"`).join(', ')
  const service = (name: string) => `---\nkind: Service\nname: ${name}\nendpoints: [${list}]\n`
  const policy =
    '---\nkind: Policy\nname: hedged\nmatch: {direction: outbound, service: hedged}\nhedge: {after: p95, budget: 10%}\n'
  return `kind: Sidecar\nname: hedge\naccessLog: {format: none}\n${service('plain')}${service('hedged')}${policy}`
}

export class World {
  readonly #servers: readonly Server[]
  readonly #folder: string
  readonly #sidecar: Child
  readonly entrance: string
  /** Requests that reached an endpoint, by path: each name asks for its own. */
  readonly reached: ReadonlyMap<string, number>

  private constructor(
    servers: readonly Server[],
    folder: string,
    sidecar: Child,
    entrance: string,
    reached: ReadonlyMap<string, number>,
  ) {
    this.#servers = servers
    this.#folder = folder
    this.#sidecar = sidecar
    this.entrance = entrance
    this.reached = reached
  }

  /** `command` is what follows `node` to become a sidecar. */
  static async start(command: readonly string[], shape: Shape): Promise<World> {
    const reached = new Map<string, number>()
    const random = new Seeded(42)
    const servers = await Promise.all(Array.from({ length: ENDPOINTS }, () => listening(shape, random, reached)))
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-hedge-'))
    const ports = servers.map((server) => (server.address() as AddressInfo).port)
    await writeFile(join(folder, 'policy.yaml'), policies(ports))
    const listen = ['--outbound', '127.0.0.1:0', '--admin', '127.0.0.1:0']
    const sidecar = new Child('sidecar', [...process.execArgv, ...command, '--config', folder, ...listen])
    const { outbound = '' } = await sidecar.ready()
    return new World(servers, folder, sidecar, outbound, reached)
  }

  async stop(): Promise<void> {
    await this.#sidecar.stop()
    for (const server of this.#servers) {
      server.closeAllConnections()
      server.close()
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function listening(shape: Shape, random: Seeded, reached: Map<string, number>): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    reached.set(path, (reached.get(path) ?? 0) + 1)
    const { share, slow, least, most } = shape
    const takes = random.chance(share) ? slow : least + random.fraction() * (most - least)
    const timer = after(takes, () => response.end('ok'))
    response.on('close', () => timer.cancel())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
