/** The flags of `run`: flag over environment over file. */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { HostPort } from '../../src/config/model.ts'
import { parseAddress } from '../../src/config/values/address.ts'
import { parseAppPorts } from '../../src/config/values/app-ports.ts'
import type { Parsed } from '../../src/config/values/parsed.ts'
import { parsePortMap, parsePorts, type PortRange } from '../../src/config/values/ports.ts'
import type { ApiPlaces } from '../../src/runtime/discovery.ts'
import type { RunFlags } from '../../src/runtime/flags.ts'
import {
  LOG_LEVELS,
  type LogLevel,
  METRIC_COMPATIBILITIES,
  type MetricCompatibility,
} from '../../src/telemetry/index.ts'
import type { Lifecycle } from '../../src/runtime/lifecycle.ts'
import { oneOf, readFlag, variable } from './flags.ts'

export interface RunOptions extends RunFlags {
  readonly paths: readonly string[]
  readonly name: string | undefined
  readonly logLevel: LogLevel
  readonly pagePaths: boolean
  readonly lenientStart: boolean
  readonly lifecycle: Lifecycle
  readonly kubernetes: ApiPlaces
  readonly opaquePorts: readonly PortRange[]
}

/** Where servers speak first: SMTP, submission, MySQL, Galera, PostgreSQL, Redis, Elasticsearch's transport, memcached. */
const SERVER_FIRST = '25,587,3306,4444,5432,6379,9300,11211'

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
  'lenient-start': { type: 'boolean' },
  transparent: { type: 'boolean' },
  'opaque-ports': { type: 'string' },
  'app-ports': { type: 'string' },
  'inbound-port-map': { type: 'string' },
  'kube-api': { type: 'string' },
  'kube-token-file': { type: 'string' },
  'kube-ca-file': { type: 'string' },
} as const

/** Flags with one value. */
type TextFlag = {
  [K in keyof typeof FLAGS]: (typeof FLAGS)[K] extends { type: 'string'; multiple?: never } ? K : never
}[keyof typeof FLAGS]

type Switch = 'page-paths' | 'lenient-start' | 'transparent'

type Environment = Readonly<Record<string, string | undefined>>

/** Throws an Error with a sentence: a flag nobody knows, a value that cannot be read. */
export function runOptions(args: readonly string[], environment: Environment): RunOptions {
  const { values } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: false })
  const text = (flag: TextFlag): string | undefined => {
    const value = values[flag] ?? environment[variable(flag)]
    return value === '' ? undefined : value
  }
  const address = (flag: 'app' | 'inbound' | 'outbound' | 'admin'): HostPort | undefined => {
    const value = text(flag)
    return value === undefined ? undefined : readFlag(flag, value, parseAddress)
  }
  const flag = (name: Switch): boolean => values[name] ?? isSet(variable(name), environment[variable(name)])
  const given = <T>(flag: TextFlag, otherwise: string, parse: (text: string) => Parsed<T>): T =>
    readFlag(flag, text(flag) ?? otherwise, parse)
  const paths = values.config ?? split(environment[variable('config')]) ?? (existsSync(MOUNTED) ? [MOUNTED] : [])
  return {
    paths,
    name: nameOf(text('name')),
    app: address('app'),
    inbound: address('inbound'),
    outbound: address('outbound'),
    admin: address('admin'),
    logLevel: given('log-level', 'info', oneOf(LOG_LEVELS)),
    metricsCompatibility: compatibilityOf(text('metrics-compatibility')),
    pagePaths: flag('page-paths'),
    lenientStart: flag('lenient-start'),
    lifecycle: lifecycleOf(environment),
    transparent: flag('transparent'),
    opaquePorts: given('opaque-ports', SERVER_FIRST, (value) => parsePorts(value === 'none' ? '' : value)),
    appPorts: given('app-ports', environment['APP_PORTS'] ?? '', parseAppPorts),
    kubernetes: { url: text('kube-api'), tokenFile: text('kube-token-file'), caFile: text('kube-ca-file') },
    portMap: given('inbound-port-map', '', parsePortMap),
  }
}

/** What the injector tells a pod's sidecar: its layout, and the pod's terminationGracePeriodSeconds. */
function lifecycleOf(environment: Environment): Lifecycle {
  const native = environment['OUTRIGGER_NATIVE_SIDECAR'] ?? ''
  const seconds = environment['TERMINATION_GRACE_SECONDS'] ?? ''
  if (!/^\d{0,6}$/.test(seconds)) {
    throw new Error(`TERMINATION_GRACE_SECONDS must be a number of seconds, found '${seconds}'`)
  }
  return {
    layout: native === '' ? 'alone' : isSet('OUTRIGGER_NATIVE_SIDECAR', native) ? 'native' : 'legacy',
    grace: seconds === '' ? Number.POSITIVE_INFINITY : Number(seconds) * 1000,
  }
}

/** Several paths in one variable are separated as in PATH. */
function split(value: string | undefined): string[] | undefined {
  const paths = (value ?? '').split(':').filter((path) => path !== '')
  return paths.length === 0 ? undefined : paths
}

/** A flag without a value, in a variable: `1` and `true`, or `0`, `false` and nothing. */
function isSet(name: string, value = ''): boolean {
  if (['', '0', 'false'].includes(value)) return false
  if (['1', 'true'].includes(value)) return true
  throw new Error(`${name} must be true or false, found '${value}'`)
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
