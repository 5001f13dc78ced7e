/** The flags of `run`: flag over environment over file. */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { HostPort } from '../../src/config/model.ts'
import { parseAddress } from '../../src/config/values/address.ts'
import type { RunFlags } from '../../src/runtime/flags.ts'
import {
  LOG_LEVELS,
  type LogLevel,
  METRIC_COMPATIBILITIES,
  type MetricCompatibility,
} from '../../src/telemetry/index.ts'

export interface RunOptions extends RunFlags {
  readonly paths: readonly string[]
  readonly name: string | undefined
  readonly logLevel: LogLevel
  readonly pagePaths: boolean
}

/** Where an image's policies are mounted. */
const MOUNTED = '/etc/outrigger/policy'

const FLAGS = {
  config: { type: 'string', multiple: true },
  name: { type: 'string' },
  app: { type: 'string' },
  inbound: { type: 'string' },
  outbound: { type: 'string' },
  admin: { type: 'string' },
  'log-level': { type: 'string' },
  'metrics-compatibility': { type: 'string' },
  'page-paths': { type: 'boolean' },
} as const

type Environment = Readonly<Record<string, string | undefined>>

/** Throws an Error with a sentence: a flag nobody knows, a value that cannot be read. */
export function runOptions(args: readonly string[], environment: Environment): RunOptions {
  const { values } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: false })
  const text = (flag: Exclude<keyof typeof FLAGS, 'config' | 'page-paths'>): string | undefined => {
    const value = values[flag] ?? environment[variable(flag)]
    return value === '' ? undefined : value
  }
  const address = (flag: 'app' | 'inbound' | 'outbound' | 'admin'): HostPort | undefined => {
    const value = text(flag)
    if (value === undefined) return undefined
    const read = parseAddress(value)
    if (!read.ok)
      throw new Error(
        `--${flag} must be ${read.must}, found '${value}'${read.proposal === '' ? '' : `: ${read.proposal}`}`,
      )
    return read.value
  }
  const paths = values.config ?? split(environment[variable('config')]) ?? (existsSync(MOUNTED) ? [MOUNTED] : [])
  return {
    paths,
    name: nameOf(text('name')),
    app: address('app'),
    inbound: address('inbound'),
    outbound: address('outbound'),
    admin: address('admin'),
    logLevel: levelOf(text('log-level')),
    metricsCompatibility: compatibilityOf(text('metrics-compatibility')),
    pagePaths: values['page-paths'] ?? isSet(environment[variable('page-paths')]),
  }
}

function variable(flag: string): string {
  return `OUTRIGGER_${flag.toUpperCase().replaceAll('-', '_')}`
}

/** Several paths in one variable are separated as in PATH. */
function split(value: string | undefined): string[] | undefined {
  const paths = (value ?? '').split(':').filter((path) => path !== '')
  return paths.length === 0 ? undefined : paths
}

/** A flag without a value, in a variable: `1` and `true`, or `0`, `false` and nothing. */
function isSet(value = ''): boolean {
  if (['', '0', 'false'].includes(value)) return false
  if (['1', 'true'].includes(value)) return true
  throw new Error(`OUTRIGGER_PAGE_PATHS must be true or false, found '${value}'`)
}

function levelOf(value = 'info'): LogLevel {
  if ((LOG_LEVELS as readonly string[]).includes(value)) return value as LogLevel
  throw new Error(`--log-level must be one of ${LOG_LEVELS.join(', ')}, found '${value}'`)
}

/** Names with a comma between. */
function compatibilityOf(value: string | undefined): readonly MetricCompatibility[] | undefined {
  return value?.split(',').map((part) => {
    const known = METRIC_COMPATIBILITIES.find((name) => name === part.trim())
    if (known !== undefined) return known
    throw new Error(`--metrics-compatibility must be ${METRIC_COMPATIBILITIES.join(', ')}, found '${part}'`)
  })
}

/** The rule for every name in policy files. */
function nameOf(value: string | undefined): string | undefined {
  if (value === undefined || (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(value) && value.length <= 253)) return value
  throw new Error(`--name must be lower-case letters, digits, '-' and '.', at most 253, found '${value}'`)
}
