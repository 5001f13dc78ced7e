/** The programs of iptables: which there are, what they say, and how they fail. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import type { Family } from './settings.ts'

export type Backend = 'nft' | 'legacy'

/** What one program did. `missing`: it is not installed. */
export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  readonly missing: boolean
}

export type RunTool = (program: string, args: readonly string[], input: string) => Ran

/** The save and restore programs of one back end and family. `name` is '' for those without a back end in their name. */
export interface Tools {
  readonly name: Backend | ''
  readonly save: string
  readonly restore: string
}

/** s to wait for whoever else changes rules at this moment. */
const WAIT = '10'

export const RESTORE_ARGS = ['--noflush', '-w', WAIT] as const

export function toolsOf(family: Family, name: Backend | ''): Tools {
  const stem = `${family === 4 ? 'iptables' : 'ip6tables'}${name === '' ? '' : `-${name}`}`
  return { name, save: `${stem}-save`, restore: `${stem}-restore` }
}

type Environment = Readonly<Record<string, string | undefined>>

/** Runs programs, with what `environment` says, and waits for each. */
export function toolRunner(environment: Environment): RunTool {
  const env = toolEnvironment(environment)
  return (program, args, input) => {
    const ran = spawnSync(program, args, { input, encoding: 'utf8', env, timeout: 30_000 })
    const error = ran.error as NodeJS.ErrnoException | undefined
    return {
      status: ran.status ?? -1,
      stdout: ran.stdout ?? '',
      stderr: `${ran.stderr ?? ''}${error?.message ?? ''}`,
      missing: error?.code === 'ENOENT',
    }
  }
}

/**
 * The legacy programs take a lock in /run, which a read-only container does not have. Rules are the network namespace's,
 * and in a container whose file system nobody else shares the lock keeps nobody out anyway.
 */
function toolEnvironment(environment: Environment): Record<string, string | undefined> {
  try {
    accessSync('/run', constants.W_OK)
    return environment
  } catch {
    return { XTABLES_LOCKFILE: '/dev/null', ...environment }
  }
}

/** One sentence about a program that failed. */
export function failure(program: string, ran: Ran): string {
  if (ran.missing) return `${program} is not installed`
  const said = ran.stderr.split('\n').map((line) => line.trim())
  const why = said.filter((line) => line !== '' && !/^(Try|Error occurred|.*Perhaps ip6?tables)/.test(line)).slice(0, 2)
  const hint = /permitted|permission denied|must be root/i.test(ran.stderr)
    ? ' (it needs the capabilities NET_ADMIN and NET_RAW)'
    : ''
  return `${program} failed with ${ran.status}: ${why.join('; ') || 'it said nothing'}${hint}`
}
