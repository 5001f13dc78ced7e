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

  /** Throws where helm fails. */
  async release(...action: readonly string[]): Promise<string> {
    const { code, out, err } = await this.run(...action, '--namespace', RELEASE_NAMESPACE)
    if (code !== 0) throw new Error(`helm ${action.join(' ')}: ${err}`)
    return out
  }

  /** Installs or upgrades, to these values alone; a value is `name=text` or a file of the chart's `ci`. */
  install(...values: readonly string[]): Promise<string> {
    const given = values.flatMap((value) => {
      return value.endsWith('-values.yaml') ? ['--values', join(CHART, 'ci', value)] : ['--set', value]
    })
    return this.release('upgrade', '--install', 'outrigger', CHART, '--create-namespace', '--reset-values', ...given)
  }

  uninstall(): Promise<string> {
    return this.release('uninstall', 'outrigger', '--wait')
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
