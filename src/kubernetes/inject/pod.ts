/** Of a Pod (core/v1), what injection reads. Everything else passes through as it came. */
import type { KubernetesObject, ObjectMeta } from '../api/object.ts'

export interface Handler {
  readonly exec?: unknown
  readonly httpGet?: {
    readonly path?: string
    readonly port: number | string
    readonly host?: string
    readonly scheme?: string
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[]
  }
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string }
  readonly grpc?: { readonly port: number; readonly service?: string | null }
  readonly sleep?: { readonly seconds: number }
}

export interface Probe extends Handler {
  readonly timeoutSeconds?: number
}

export const PROBES = ['startupProbe', 'readinessProbe', 'livenessProbe'] as const
export type ProbeKind = (typeof PROBES)[number]

export interface ContainerPort {
  readonly name?: string
  readonly containerPort: number
  readonly protocol?: string
}

export interface Quantities {
  readonly cpu?: string | number
  readonly memory?: string | number
}

export interface Container {
  readonly name: string
  readonly image?: string
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly ports?: readonly ContainerPort[]
  readonly resources?: { readonly requests?: Quantities; readonly limits?: Quantities }
  readonly securityContext?: { readonly runAsUser?: number }
  readonly restartPolicy?: string
  readonly lifecycle?: { readonly preStop?: Handler; readonly postStart?: Handler }
  readonly startupProbe?: Probe
  readonly readinessProbe?: Probe
  readonly livenessProbe?: Probe
}

export interface PodSpec {
  readonly containers?: readonly Container[] | null
  readonly initContainers?: readonly Container[] | null
  readonly volumes?: readonly { readonly name: string }[] | null
  readonly imagePullSecrets?: readonly { readonly name: string }[] | null
  readonly hostNetwork?: boolean
  readonly shareProcessNamespace?: boolean
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly os?: { readonly name: string }
  readonly securityContext?: { readonly runAsUser?: number }
  readonly terminationGracePeriodSeconds?: number
}

/** A pod, or the template of one. */
export interface Pod extends Partial<KubernetesObject> {
  readonly metadata: ObjectMeta
  readonly spec: PodSpec
}

/** A container with its way through the pod. */
export interface Placed {
  readonly list: 'containers' | 'initContainers'
  readonly index: number
  readonly container: Container
}

/** Those that run as long as the pod: its containers and its native sidecars, ours left out. */
export function longRunning(pod: Pod, ours: (name: string) => boolean): Placed[] {
  return placed(pod).filter(
    ({ list, container }) => !ours(container.name) && (list === 'containers' || container.restartPolicy === 'Always'),
  )
}

export function placed(pod: Pod): Placed[] {
  return (['initContainers', 'containers'] as const).flatMap((list) =>
    (pod.spec[list] ?? []).map((container, index) => ({ list, index, container })),
  )
}
