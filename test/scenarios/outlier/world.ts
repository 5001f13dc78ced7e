/** Three endpoints behind one sidecar, under two policies: without a retry, and with one. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from '../../../src/demo/child.ts'
import { callJson } from '../../../src/demo/http.ts'
import { nowMs, sleep } from '../../../src/demo/time.ts'
import type { Seen } from './origins.ts'

const ORIGINS = fileURLToPath(new URL('origins.ts', import.meta.url))

/** The policies; times in ms, `timeout` 0: none. */
function policies(endpoints: readonly string[], ejectFor: number, timeout: number): string {
  const list = endpoints.map((address) => `"${address}"`).join(', ')
  const outlier = `outlier: {consecutive: 5, ejectFor: ${ejectFor}ms, maxEjected: 50%, jitter: 20%}`
  const service = (name: string, more: string) => `---
kind: Service
name: ${name}
loadBalancing: {algorithm: roundRobin}
endpoints: [${list}]
---
kind: Policy
name: ${name}
match: {direction: outbound, service: ${name}}
${timeout === 0 ? '' : `timeout: {request: ${timeout}ms}\n`}${outlier}
${more}`
  const retry = 'retry: {max: 1, when: [5xx, upstream_reset, connect_failure]}\n'
  return `kind: Sidecar\nname: outlier\naccessLog: {format: none}\n${service('plain', '')}${service('retried', retry)}`
}

export interface EndpointState {
  readonly service: string
  readonly address: string
  readonly state: string
}

export class World {
  readonly #folder: string
  readonly #children: readonly Child[]
  readonly #admin: string
  /** `HOST:PORT` of each endpoint; the first is the one that is told. */
  readonly endpoints: readonly string[]
  readonly entrance: string

  private constructor(
    folder: string,
    children: readonly Child[],
    endpoints: readonly string[],
    entrance: string,
    admin: string,
  ) {
    this.#folder = folder
    this.#children = children
    this.endpoints = endpoints
    this.entrance = entrance
    this.#admin = admin
  }

  /** `command` is what follows `node` to become a sidecar; times in ms. */
  static async start(command: readonly string[], ejectFor: number, timeout: number): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-outlier-'))
    const children = [new Child('the endpoints', [...process.execArgv, ORIGINS])]
    try {
      const endpoints = ((await (children[0] as Child).ready()).listen ?? '').split(' ')
      await writeFile(join(folder, 'policy.yaml'), policies(endpoints, ejectFor, timeout))
      const listen = ['--outbound', '127.0.0.1:0', '--admin', '127.0.0.1:0']
      const sidecar = new Child('the sidecar', [...process.execArgv, ...command, '--config', folder, ...listen])
      children.push(sidecar)
      const { outbound = '', admin = '' } = await sidecar.ready()
      return new World(folder, children, endpoints, outbound, admin)
    } catch (error) {
      await Promise.all(children.map((child) => child.stop()))
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** Tells the first endpoint how to be, and resolves with what all have seen since the last time. */
  async tell(mode: string): Promise<Seen> {
    return (await callJson(this.endpoints[1] as string, 'POST', '/control', { mode })).value as Seen
  }

  /** What the sidecar makes of the first endpoint, by service. */
  async states(): Promise<Map<string, string>> {
    const said = await callJson(this.#admin, 'GET', '/state')
    const { endpoints } = said.value as { endpoints?: readonly EndpointState[] }
    if (endpoints === undefined) throw new Error(`/state said ${said.status} ${String(said.value).slice(0, 500)}`)
    const first = endpoints.filter(({ address }) => address === this.endpoints[0])
    return new Map(first.map(({ service, state }) => [service, state]))
  }

  /** Looks until the first endpoint is in `state` for both services; false: not within `limit` ms. */
  async until(state: string, limit: number): Promise<boolean> {
    const end = nowMs() + limit
    while (nowMs() < end) {
      const states = await this.states()
      if ([...states.values()].every((is) => is === state)) return true
      await sleep(20)
    }
    return false
  }

  /** The sum of a metric's samples whose line holds every one of `labels`. */
  async metric(name: string, ...labels: string[]): Promise<number> {
    const text = String((await callJson(this.#admin, 'GET', '/metrics')).value)
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }

  get fallen(): string {
    const child = this.#children.find(({ ended }) => ended)
    return child === undefined ? '' : `${child.name}: ${child.lastWords}`
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()))
    await rm(this.#folder, { recursive: true, force: true })
  }
}
