/** The flags of `injector`: flag over environment over what a pod finds around it. */
import { readFileSync } from 'node:fs'
import { parseAddress } from '../../src/config/values/address.ts'
import { parsed } from '../../src/config/values/parsed.ts'
import { parseDuration } from '../../src/config/values/units.ts'
import { type ConnectionPlaces, SERVICE_ACCOUNT } from '../../src/kubernetes/api/connection.ts'
import type { InjectorOptions } from '../../src/kubernetes/injector/injector.ts'
import { LOG_LEVELS, type LogLevel } from '../../src/telemetry/log.ts'
import { type Given, oneOf } from '../command-line/given.ts'
import type { INJECTOR } from '../usage/injector.ts'

export interface InjectorFlags
  extends Pick<
    InjectorOptions,
    'config' | 'listen' | 'admin' | 'namespace' | 'service' | 'configuration' | 'certificates' | 'drainDelay'
  > {
  readonly places: ConnectionPlaces
  readonly logLevel: LogLevel
}

type Flag = keyof typeof INJECTOR.flags

/** Throws an Error with a sentence: a value that cannot be read. */
export function injectorOptions(given: Given<Flag>): InjectorFlags {
  const text = (flag: Flag): string => given.read(flag, parsed)
  return {
    config: text('config'),
    listen: given.read('listen', parseAddress),
    admin: given.read('admin', parseAddress),
    namespace: given.text('namespace') ?? ownNamespace(),
    service: text('service'),
    configuration: text('webhook-configuration'),
    certificates: certificatesOf(given),
    drainDelay: given.read('drain-delay', parseDuration),
    places: {
      url: given.text('kube-api'),
      tokenFile: given.text('kube-token-file'),
      caFile: given.text('kube-ca-file'),
    },
    logLevel: given.read('log-level', oneOf(LOG_LEVELS)),
  }
}

function certificatesOf(given: Given<Flag>): InjectorOptions['certificates'] {
  const mode = given.read('certificates', oneOf(['self', 'files']))
  if (mode === 'files') return { mode, folder: given.read('certificate-folder', parsed) }
  return {
    mode,
    secret: given.read('ca-secret', parsed),
    caLifetime: given.read('ca-lifetime', parseDuration),
    servingLifetime: given.read('certificate-lifetime', parseDuration),
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
