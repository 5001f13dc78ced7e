/** Puts our CA into the webhooks that lead to us, and only there. */
import { isStatus } from '../../api/api-error.ts'
import type { KubernetesApi } from '../../api/client.ts'
import type { KubernetesObject } from '../../api/object.ts'

export interface WebhookConfiguration extends KubernetesObject {
  readonly webhooks?: readonly {
    readonly name: string
    readonly clientConfig: {
      readonly caBundle?: string
      readonly service?: { readonly name: string; readonly namespace: string }
    }
  }[]
}

export const CONFIGURATIONS = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const

export function configurationPath(plural: string, name: string): string {
  return `/apis/admissionregistration.k8s.io/v1/${plural}/${name}`
}

export interface Target {
  /** Of both configurations. */
  readonly name: string
  readonly service: string
  readonly namespace: string
}

/** Which webhooks have not got the bundle; undefined: none of them leads to us. */
export function missingIn(
  { webhooks = [] }: WebhookConfiguration,
  { service, namespace }: Target,
  bundle: string,
): number[] | undefined {
  const ours = webhooks.flatMap(({ clientConfig }, index) =>
    clientConfig.service?.name === service && clientConfig.service.namespace === namespace ? [index] : [],
  )
  if (ours.length === 0) return undefined
  const encoded = Buffer.from(bundle).toString('base64')
  return ours.filter((index) => webhooks[index]?.clientConfig.caBundle !== encoded)
}

/** True: written; false: there already. Rejects with 409 when somebody else wrote at the same time, and then the next look decides. */
export async function patchBundle(
  api: KubernetesApi,
  path: string,
  configuration: WebhookConfiguration,
  target: Target,
  bundle: string,
): Promise<boolean> {
  const missing = missingIn(configuration, target, bundle) ?? []
  if (missing.length === 0) return false
  const value = Buffer.from(bundle).toString('base64')
  await api.patch(path, [
    // Of another version the indices may mean other webhooks.
    { op: 'replace', path: '/metadata/resourceVersion', value: configuration.metadata.resourceVersion },
    ...missing.map((index) => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value })),
  ])
  return true
}

/** undefined: there is no such configuration. */
export async function readConfiguration(api: KubernetesApi, path: string): Promise<WebhookConfiguration | undefined> {
  try {
    return await api.get<WebhookConfiguration>(path)
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    throw error
  }
}
