/** helm, with the chart of this tree. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { program } from '../tools.ts'

export const CHART = join(import.meta.dirname, '../../../../charts/outrigger')
/** Where the suites install it. */
export const RELEASE_NAMESPACE = 'outrigger-system'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export class Helm {
  readonly chart = CHART
  readonly #environment: NodeJS.ProcessEnv

  /** Without a kubeconfig it can render and lint, as a GitOps tool does. */
  constructor(kubeconfig = '/dev/null') {
    this.#environment = { ...process.env, KUBECONFIG: kubeconfig }
  }

  run(...args: readonly string[]): Promise<Ran> {
    return ran(program('helm') as string, args, this.#environment)
  }

  /** With the namespace, and `--set` for each value. Throws where helm fails. */
  async release(action: readonly string[], values: readonly string[] = []): Promise<string> {
    const set = values.flatMap((value) => ['--set', value])
    const { code, out, err } = await this.run(...action, '--namespace', RELEASE_NAMESPACE, ...set)
    if (code !== 0) throw new Error(`helm ${action.join(' ')}: ${err}`)
    return out
  }

  install(...values: readonly string[]): Promise<string> {
    return this.release(['upgrade', '--install', 'outrigger', CHART, '--create-namespace'], values)
  }

  uninstall(): Promise<string> {
    return this.release(['uninstall', 'outrigger', '--wait'])
  }
}

export function ran(command: string, args: readonly string[], env: NodeJS.ProcessEnv, input = ''): Promise<Ran> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, out, err }))
  })
}
