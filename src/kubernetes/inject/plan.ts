/** All that is decided about one pod before anything is built. */
import type { AppPort } from './app-ports.ts'
import type { AppProbe, RewrittenProbe } from './app-probes.ts'
import type { NamedPorts } from './named-ports.ts'
import type { Resources } from './resources.ts'
import type { Settings } from './settings.ts'

export interface Plan {
  readonly settings: Settings
  /** `--name`. */
  readonly name: string
  readonly native: boolean
  /** Of the sidecar; the init container has its own amounts. */
  readonly resources: Resources
  readonly initResources: Resources
  readonly uid: number
  readonly appPorts: readonly AppPort[]
  /** By `CONTAINER/KIND`. */
  readonly appProbes: ReadonlyMap<string, AppProbe>
  /** Of the application's containers, by name. */
  readonly probes: ReadonlyMap<string, readonly RewrittenProbe[]>
  readonly namedPorts: NamedPorts
  /** s; 0: none. */
  readonly preStopSleep: number
  /** s. */
  readonly grace: number
}
