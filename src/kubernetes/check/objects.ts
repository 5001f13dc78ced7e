/** Of the API's objects, what the checks read. */
import type { KubernetesObject } from '../api/object.ts'
import type { Pod as PodTemplate } from '../inject/pod.ts'
import type { WebhookConfiguration as Configuration } from '../injector/certificates/ca-bundle.ts'

export interface Pod extends PodTemplate {
  readonly status?: {
    readonly phase?: string
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly restartCount: number
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

export interface WebhookConfiguration extends Configuration {
  readonly webhooks?: readonly (NonNullable<Configuration['webhooks']>[number] & {
    readonly failurePolicy?: string
    readonly namespaceSelector?: LabelSelector
  })[]
}

export interface Deployment extends KubernetesObject {
  readonly spec?: { readonly replicas?: number }
  readonly status?: { readonly readyReplicas?: number }
}

export interface EndpointSlice extends KubernetesObject {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[] | null
}

export interface Service extends KubernetesObject {
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>>
    readonly ports?: readonly { readonly port: number; readonly name?: string; readonly targetPort?: number | string }[]
  }
}

export interface Autoscaler extends KubernetesObject {
  readonly spec?: {
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string }
    readonly metrics?: readonly { readonly type: string }[]
  }
}

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>
  readonly immutable?: boolean
}

export interface NetworkPolicy extends KubernetesObject {
  readonly spec?: {
    readonly podSelector?: LabelSelector
    readonly policyTypes?: readonly string[]
    readonly ingress?: readonly {
      readonly ports?: readonly { readonly port?: number | string; readonly endPort?: number }[]
    }[]
  }
}

export interface Quota extends KubernetesObject {
  readonly spec?: { readonly hard?: Readonly<Record<string, string>> }
}

export interface Node extends KubernetesObject {
  readonly status?: { readonly nodeInfo?: { readonly kubeletVersion?: string } }
}
