/** The sidecar that is attacked, as a process on a core of its own, and what can be seen of it from outside. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../../bench/lab.ts'
import { NODE } from '../../bench/peer-file.ts'
import { cpuSeconds, type Memory, memory } from '../../bench/proc.ts'
import { Started } from '../../bench/started.ts'

const WITNESS = fileURLToPath(new URL('./witness.mjs', import.meta.url))

/** How late the event loop was, ms. */
export interface Lateness {
  readonly p50: number
  readonly p99: number
  readonly most: number
}

export class Attacked {
  readonly port: number
  readonly #started: Started

  private constructor(started: Started, port: number) {
    this.#started = started
    this.port = port
  }

  /** `upstreams`: port by name; `first`: what its command begins with. Resolves once it listens. */
  static async start(
    name: string,
    bundle: string,
    upstreams: Readonly<Record<string, number>>,
    folder: string,
    core: number,
    first: readonly string[] = [],
  ): Promise<Attacked> {
    const [port = 0, admin = 0] = await freePorts(2)
    const services = Object.entries(upstreams).map(
      ([service, to]) => `---\nkind: Service\nname: ${service}\nendpoints: ["127.0.0.1:${to}"]\n`,
    )
    const policy = join(folder, `${name}.yaml`)
    writeFileSync(policy, `kind: Sidecar\nname: attacked\naccessLog: {format: none}\n${services.join('')}`)
    const listen = ['--outbound', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${admin}`]
    const command = [...first, NODE, '--import', WITNESS, bundle, 'run', '--config', policy, ...listen]
    const started = new Started(name, command, folder, core)
    for (let i = 0; i < 400 && !started.lastWords.includes('"msg":"ready"'); i++) await sleep(25)
    if (started.ended) throw new Error(`the sidecar ended: ${started.lastWords}`)
    return new Attacked(started, port)
  }

  /** Since this was asked last. */
  async lateness(): Promise<Lateness> {
    const said = (): string[] => readFileSync(this.#started.log, 'utf8').match(/^late .*$/gm) ?? []
    const before = said().length
    process.kill(this.#started.pid, 'SIGUSR2')
    for (let i = 0; i < 400 && said().length === before; i++) await sleep(5)
    const [, p50 = 0, p99 = 0, most = 0] = (said().at(-1) ?? '').split(' ').map(Number)
    return { p50, p99, most }
  }

  get memory(): Memory {
    return memory(this.#started.pid)
  }

  /** ms of CPU so far. */
  get cpu(): number {
    return cpuSeconds(this.#started.pid) * 1000
  }

  stop(): Promise<void> {
    return this.#started.stop()
  }
}
