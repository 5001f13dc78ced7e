/** `outrigger` as a process of its own: its lines on stderr as they come, its end with its code. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const PROGRAM = join(import.meta.dirname, '../../cmd/outrigger.ts')
/** Until a wait gives up, ms. */
const GUARD = 15_000

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Ready {
  readonly msg: string
  readonly inbound: readonly string[]
  readonly outbound: string
  readonly admin: string
}

export class Spawned {
  readonly child: ChildProcess
  err = ''
  out = ''
  readonly ended: Promise<Ended>
  #wake: (() => void)[] = []

  /** `environment` is added to next to nothing: no OUTRIGGER_* or OTEL_* of the machine gets in. */
  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const env = { PATH: process.env.PATH ?? '', ...environment }
    this.child = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.out += chunk
    })
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.err += chunk
      this.#woken()
    })
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        resolve({ code, signal })
        this.#woken()
      })
    })
  }

  #woken(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** The one line that says what was bound. */
  async ready(): Promise<Ready> {
    const line = await this.#line('"msg":"ready"')
    return JSON.parse(line) as Ready
  }

  async #line(part: string): Promise<string> {
    const guard = setTimeout(() => this.child.kill('SIGKILL'), GUARD)
    try {
      for (;;) {
        const line = this.err
          .split('\n')
          .slice(0, -1)
          .find((one) => one.includes(part))
        if (line !== undefined) return line
        if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error(`ended: ${this.err}`)
        await new Promise<void>((resolve) => this.#wake.push(resolve))
      }
    } finally {
      clearTimeout(guard)
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }
}

export function port(address: string | undefined): number {
  return Number(address?.slice(address.lastIndexOf(':') + 1))
}

/** Killed at the end of the test, if it has not ended. */
export function start(
  t: { teardown(fn: () => unknown): unknown },
  args: readonly string[],
  environment?: Record<string, string>,
): Spawned {
  const spawned = new Spawned(args, environment)
  t.teardown(() => spawned.kill('SIGKILL'))
  return spawned
}
