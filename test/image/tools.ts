/** What building and running images takes, and running it. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** What this machine lacks, in words; '' nothing. */
export function lacking(): string {
  if (process.platform !== 'linux') return 'Linux'
  if (process.getuid?.() !== 0) return 'root'
  const missing = ['buildah', 'podman', 'runc', 'debootstrap', 'npm'].filter((tool) => !found(tool))
  if (missing.length > 0) return missing.join(', ')
  return ''
}

function found(tool: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/${tool}`))
}

export interface Done {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Waits for its end. */
export async function run(program: string, args: readonly string[]): Promise<Done> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text
  })
  const code = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))
  return { code, out: out.trim(), err: err.trim() }
}

/** Its output; throws what it said when it failed. */
export async function must(program: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await run(program, args)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${code}\n${out}\n${err}`.slice(-4000))
  return out
}

/** For teardowns: what it is to remove may be gone. */
export function quietly(program: string, ...args: string[]): void {
  spawnSync(program, args, { stdio: 'ignore' })
}
