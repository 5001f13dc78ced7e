/** The flags of `run`: flag over environment over file. */
import { existsSync } from 'node:fs'
import { parseAddress } from '../../src/config/values/address.ts'
import { parseAppPorts } from '../../src/config/values/app-ports.ts'
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
import { type Environment, type Given, isTrue, oneOf } from '../command-line/given.ts'
import type { RUN } from '../usage/run.ts'

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

/** Where an image's policies are mounted. */
const MOUNTED = '/etc/outrigger/policy'

/** Throws an Error with a sentence: a value that cannot be read. */
export function runOptions(given: Given<keyof typeof RUN.flags>): RunOptions {
  return {
    paths: given.paths('config') ?? (existsSync(MOUNTED) ? [MOUNTED] : []),
    name: nameOf(given.text('name')),
    app: given.readIfStated('app', parseAddress),
    inbound: given.readIfStated('inbound', parseAddress),
    outbound: given.readIfStated('outbound', parseAddress),
    admin: given.readIfStated('admin', parseAddress),
    logLevel: given.read('log-level', oneOf(LOG_LEVELS)),
    metricsCompatibility: compatibilityOf(given.text('metrics-compatibility')),
    pagePaths: given.is('page-paths'),
    lenientStart: given.is('lenient-start'),
    lifecycle: lifecycleOf(given.environment),
    transparent: given.is('transparent'),
    opaquePorts: given.read('opaque-ports', (value) => parsePorts(value === 'none' ? '' : value)),
    appPorts: given.read('app-ports', parseAppPorts),
    kubernetes: {
      url: given.text('kube-api'),
      tokenFile: given.text('kube-token-file'),
      caFile: given.text('kube-ca-file'),
    },
    portMap: given.read('inbound-port-map', parsePortMap),
  }
}

/** What the injector tells a pod's sidecar: its layout, and the pod's terminationGracePeriodSeconds. */
function lifecycleOf(environment: Environment): Lifecycle {
  const native = environment['OUTRIGGER_NATIVE_SIDECAR'] ?? ''
  const seconds = environment['TERMINATION_GRACE_SECONDS'] ?? ''
  // Below zero it is as good as none to the kubelet.
  if (!/^(-?\d+)?$/.test(seconds)) {
    throw new Error(`TERMINATION_GRACE_SECONDS must be a number of seconds, found '${seconds}'`)
  }
  return {
    layout: native === '' ? 'alone' : isTrue('OUTRIGGER_NATIVE_SIDECAR', native) ? 'native' : 'legacy',
    grace: seconds === '' ? Number.POSITIVE_INFINITY : Number(seconds) * 1000,
  }
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
