/** The API server of a cluster as a process: ended by its id, and started again with the arguments that it had. */
import { spawn } from 'node:child_process'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Cluster } from '../cluster.ts'
import { until } from '../until.ts'

export class ApiProcess {
  readonly #cluster: Cluster
  readonly #pidFile: string
  readonly #logFile: string
  readonly #command: readonly string[]

  constructor(cluster: Cluster) {
    const state = dirname(cluster.kubeconfig)
    this.#cluster = cluster
    this.#pidFile = join(state, 'pids/kube-apiserver')
    this.#logFile = join(state, 'logs/kube-apiserver.log')
    this.#command = readFileSync(`/proc/${this.#pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  }

  get #pid(): number {
    return Number(readFileSync(this.#pidFile, 'utf8'))
  }

  /** Without a goodbye, as where a control plane's machine goes: every watch is cut. */
  async stop(): Promise<void> {
    const pid = this.#pid
    process.kill(pid, 'SIGKILL')
    await until('the end of the API server', async () => !alive(pid))
  }

  /** Resolves when it is ready; `down.sh` of the tools finds it as it found the first. */
  async start(): Promise<void> {
    const log = openSync(this.#logFile, 'a')
    const [file = '', ...args] = this.#command
    const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log] })
    child.unref()
    writeFileSync(this.#pidFile, `${child.pid}\n`)
    await until('the API server', async () => (await this.#cluster.ask('GET', 'readyz')).status === 200, 60_000)
  }

  async restart(): Promise<void> {
    await this.stop()
    await pause(500)
    await this.start()
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // One that nobody has waited for yet is as good as gone.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
