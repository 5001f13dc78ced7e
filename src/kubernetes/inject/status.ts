/** The annotation `outrigger.dev/status`: what was done to a pod. */
import type { ObjectMeta } from '../api/object.ts'
import { STATUS } from './names.ts'
import type { Handler, Probe, ProbeKind } from './pod.ts'

export interface Status {
  /** Of this form. */
  readonly v: 1
  /** Of the program that did it. */
  readonly version: string
  /** Of the settings that held for this pod. */
  readonly hash: string
  readonly by: 'webhook' | 'manual'
  readonly containers: readonly string[]
  readonly volumes: readonly string[]
  readonly pullSecrets?: readonly string[]
  /** Probes as they stood, by container. */
  readonly probes?: Readonly<Record<string, Readonly<Partial<Record<ProbeKind, Probe>>>>>
  /** Hooks whose named ports became numbers, as they stood, by container. */
  readonly hooks?: Readonly<Record<string, Readonly<Partial<Record<Hook, Handler>>>>>
  /** Names of ports, new → old, by container. */
  readonly ports?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Containers that were given a preStop. */
  readonly sleep?: readonly string[]
  /** Annotations of kubectl that were set. */
  readonly defaults?: readonly string[]
  /** Collections that were not there: `labels`, `volumes`, `lifecycle/CONTAINER` … */
  readonly created?: readonly string[]
}

export const HOOKS = ['postStart', 'preStop'] as const
export type Hook = (typeof HOOKS)[number]

/** undefined: the pod was not injected, or by a version that wrote something else. */
export function statusOf({ annotations = {} }: ObjectMeta): Status | undefined {
  try {
    const status = JSON.parse(annotations[STATUS] ?? 'null') as Status | null
    return status?.v === 1 && Array.isArray(status.containers) && Array.isArray(status.volumes) ? status : undefined
  } catch {
    return undefined
  }
}
