/** The flags of `injector`: flag over environment over what a pod finds around it. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseAddress } from '../../src/config/values/address.ts'
import type { Parsed } from '../../src/config/values/parsed.ts'
import { parseDuration } from '../../src/config/values/units.ts'
import { type ConnectionPlaces, SERVICE_ACCOUNT } from '../../src/kubernetes/api/connection.ts'
import type { InjectorOptions } from '../../src/kubernetes/injector/injector.ts'
import { LOG_LEVELS, type LogLevel } from '../../src/telemetry/log.ts'
import { oneOf, readFlag, variable } from './flags.ts'

export interface InjectorFlags
  extends Pick<
    InjectorOptions,
    'config' | 'listen' | 'admin' | 'namespace' | 'service' | 'configuration' | 'certificates' | 'drainDelay'
  > {
  readonly places: ConnectionPlaces
  readonly logLevel: LogLevel
}

const DEFAULTS = {
  config: '/etc/outrigger/injector/config.yaml',
  listen: '[::]:10250',
  admin: '[::]:19002',
  namespace: '',
  service: 'outrigger-injector',
  'webhook-configuration': 'outrigger-injector',
  certificates: 'self',
  'certificate-folder': '/etc/outrigger/certificates',
  'ca-secret': 'outrigger-injector-ca',
  'ca-lifetime': '87600h',
  'certificate-lifetime': '720h',
  'drain-delay': '5s',
  'kube-api': '',
  'kube-token-file': '',
  'kube-ca-file': '',
  'log-level': 'info',
} as const

type Flag = keyof typeof DEFAULTS

/** Throws an Error with a sentence: a flag nobody knows, a value that cannot be read. */
export function injectorOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): InjectorFlags {
  const options = Object.fromEntries(Object.keys(DEFAULTS).map((flag) => [flag, { type: 'string' as const }]))
  const { values } = parseArgs({ args: [...args], options, allowPositionals: false })
  const text = (flag: Flag): string =>
    (values[flag] as string | undefined) ?? (environment[variable(flag)] || DEFAULTS[flag])
  const read = <T>(flag: Flag, parse: (text: string) => Parsed<T>): T => readFlag(flag, text(flag), parse)
  const optional = (flag: Flag): string | undefined => text(flag) || undefined
  return {
    config: text('config'),
    listen: read('listen', parseAddress),
    admin: read('admin', parseAddress),
    namespace: text('namespace') || environment['POD_NAMESPACE'] || ownNamespace(),
    service: text('service'),
    configuration: text('webhook-configuration'),
    certificates: certificatesOf(text),
    drainDelay: read('drain-delay', parseDuration),
    places: { url: optional('kube-api'), tokenFile: optional('kube-token-file'), caFile: optional('kube-ca-file') },
    logLevel: read('log-level', oneOf(LOG_LEVELS)),
  }
}

function certificatesOf(text: (flag: Flag) => string): InjectorOptions['certificates'] {
  const mode = readFlag('certificates', text('certificates'), oneOf(['self', 'files']))
  if (mode === 'files') return { mode, folder: text('certificate-folder') }
  return {
    mode,
    secret: text('ca-secret'),
    caLifetime: readFlag('ca-lifetime', text('ca-lifetime'), parseDuration),
    servingLifetime: readFlag('certificate-lifetime', text('certificate-lifetime'), parseDuration),
  }
}

function ownNamespace(): string {
  const path = `${SERVICE_ACCOUNT}/namespace`
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    throw new Error(`--namespace must be stated outside a cluster: there is no ${path}`)
  }
}
