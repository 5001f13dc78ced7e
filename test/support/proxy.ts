/** A whole sidecar inside the test's own process, on free ports of 127.0.0.1. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/core/clock.ts'
import type { Random } from '../../src/core/random.ts'
import type { Signals } from '../../src/runtime/overload/decide.ts'
import type { ApiPlaces } from '../../src/runtime/discovery.ts'
import type { Lifecycle } from '../../src/runtime/lifecycle.ts'
import { startSidecar } from '../../src/runtime/sidecar.ts'
import type { AppPorts } from '../../src/config/values/app-ports.ts'
import type { PortRange } from '../../src/config/values/ports.ts'
import { redirected } from './redirected.ts'

export interface Proxy {
  readonly inbound: number
  readonly outbound: number
  readonly admin: number
  /** The folder of its policy files; writing there makes it reload. */
  readonly folder: string
  /** What it logged: `level message {fields}`. */
  readonly log: readonly string[]
  /** Tells it that the files have changed. */
  reload(): boolean
  drain(): Promise<void>
  stop(): Promise<void>
}

export interface ProxyOptions {
  /** The application's port; inbound traffic goes there. */
  readonly app?: number
  /** The port of its admin listener, where it is not to be any that is free. */
  readonly admin?: number
  readonly clock?: Clock
  readonly random?: Random
  /** Instead of what was measured of the process. */
  readonly signals?: (measured: Signals) => Signals
  /** Called when `POST /quit` has drained it. */
  readonly onQuit?: () => void
  readonly lifecycle?: Lifecycle
  readonly lenientStart?: boolean
  /** Listeners let nobody new in before they close. */
  readonly shutsDoor?: boolean
  readonly kubernetes?: ApiPlaces
  /** Both listeners are for redirected connections, and each was going where this says when it comes. */
  readonly redirectedFrom?: () => { readonly host: string; readonly port: number } | undefined
  readonly opaquePorts?: readonly PortRange[]
  readonly appPorts?: AppPorts
}

const LOCAL = '127.0.0.1'

function portOf(address: string | undefined): number {
  return Number(address?.slice(address.lastIndexOf(':') + 1) ?? 0)
}

/**
 * `yaml` is one file of policy documents. With `options.app` there is an inbound listener; an outbound one is always
 * there. No access log.
 */
export async function startProxy(yaml: string, options: ProxyOptions = {}): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-'))
  const log: string[] = []
  const from = options.redirectedFrom
  const say = (level: string) => (msg: string, fields: object | undefined) =>
    void log.push(`${level} ${msg}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`)
  writeFileSync(join(folder, 'policy.yaml'), yaml)
  try {
    const sidecar = await startSidecar({
      paths: [folder],
      name: undefined,
      app: options.app === undefined ? undefined : { host: LOCAL, port: options.app },
      inbound: options.app === undefined && from === undefined ? undefined : { host: LOCAL, port: 0 },
      outbound: { host: LOCAL, port: 0 },
      admin: { host: LOCAL, port: options.admin ?? 0 },
      log: { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') },
      version: '0.0.0-test',
      environment: {},
      clock: options.clock,
      random: options.random,
      signals: options.signals,
      onQuit: options.onQuit,
      lifecycle: options.lifecycle,
      transparent: from !== undefined,
      originals: from === undefined ? undefined : redirected(from),
      opaquePorts: options.opaquePorts,
      appPorts: options.appPorts,
      lenientStart: options.lenientStart,
      shutsDoor: options.shutsDoor,
      kubernetes: options.kubernetes,
    })
    return {
      inbound: portOf(sidecar.inbound[0]),
      outbound: portOf(sidecar.outbound),
      admin: portOf(sidecar.admin),
      folder,
      log,
      reload: () => sidecar.reload(),
      drain: () => sidecar.drain(),
      stop: async () => {
        await sidecar.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** A Sidecar without an access log, and a Service for each name that is one endpoint on 127.0.0.1. */
export function services(ports: Readonly<Record<string, number>>, more = ''): string {
  const documents = Object.entries(ports).map(([name, port]) => {
    return `kind: Service\nname: ${name}\nendpoints: ["127.0.0.1:${port}"]\n`
  })
  return ['kind: Sidecar\nname: test\naccessLog: {format: none}\n', ...documents, more].filter(Boolean).join('---\n')
}
