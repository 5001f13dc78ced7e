/** One program that was started: pinned to cores where that can be, ended by its own pid and those of its children. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { availableParallelism } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tree } from './proc.ts'

/** Where on PATH a program is. */
export function which(program: string, folders: readonly string[] = []): string | undefined {
  const all = [
    ...folders,
    ...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean),
    '/usr/sbin',
    '/usr/local/sbin',
  ]
  return all.map((folder) => join(folder, program)).find((path) => existsSync(path))
}

const taskset = which('taskset')

/** One core for the proxy and one for all else, so that neither takes from the other. */
export const PINNED = taskset !== undefined && availableParallelism() >= 2
export const PROXY_CORE = 0
export const LOAD_CORE = 1

/** `command` in front of which stands what keeps it on one core. */
export function pinned(command: readonly string[], core: number): string[] {
  return PINNED ? [taskset as string, '-c', String(core), ...command] : [...command]
}

export class Started {
  readonly pid: number
  /** `Date.now()` right before it was started. */
  readonly at: number
  readonly log: string
  readonly #child: ChildProcess
  ended = false
  /** Its exit code; null before the end and after a signal. */
  code: number | null = null

  /** What it prints goes to `run/NAME.log`. */
  constructor(name: string, command: readonly string[], run: string, core: number, env: Record<string, string> = {}) {
    mkdirSync(run, { recursive: true })
    this.log = join(run, `${name}.log`)
    const out = openSync(this.log, 'w')
    const [file, ...args] = pinned(command, core)
    this.at = Date.now()
    this.#child = spawn(file as string, args, {
      cwd: run,
      env: { ...process.env, ...env },
      stdio: ['ignore', out, out],
    })
    closeSync(out)
    this.pid = this.#child.pid ?? 0
    this.#child.on('error', () => (this.ended = true))
    this.#child.on('exit', (code) => {
      this.ended = true
      this.code = code
    })
  }

  /** The end of what it printed. */
  get lastWords(): string {
    return readFileSync(this.log, 'utf8').slice(-600).trim()
  }

  async stop(): Promise<void> {
    if (this.ended || this.pid === 0) return
    const all = tree(this.pid)
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      for (const pid of all) quietly(() => process.kill(pid, signal))
      for (let i = 0; i < 150 && !this.ended; i++) await sleep(20)
      if (this.ended) return
    }
  }
}

/** Settles once something takes connections on a port of this machine. */
export async function listening(port: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true))
      socket.on('error', () => resolve(false))
      socket.on('close', () => resolve(false))
      setTimeout(() => socket.destroy(), 200)
    })
    if (open) return
    await sleep(50)
  }
  throw new Error(`nothing listens on port ${port}`)
}

function quietly(act: () => void): void {
  try {
    act()
  } catch {
    // It is gone already.
  }
}

/** The first line a program prints of itself when it is asked for its version. */
export function versionOf(command: readonly string[]): string {
  const [file, ...args] = command
  try {
    const out = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', file as string, ...args], {
      encoding: 'utf8',
      timeout: 10_000,
    })
    // Some begin with the path they were called by, which is nobody's business.
    return (
      out
        .replaceAll(`${file}`, basename(`${file}`))
        .trim()
        .split('\n')[0]
        ?.slice(0, 100) ?? ''
    )
  } catch (error) {
    return `no version (${(error as Error).message.split('\n')[0]})`
  }
}
