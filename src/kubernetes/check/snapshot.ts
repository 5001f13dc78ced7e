/** What all checks look at, read once. What may not be read is undefined, and its checks are skipped. */
import type { Issue } from '../../config/model.ts'
import { ApiError, isStatus } from '../api/api-error.ts'
import type { KubernetesList, KubernetesObject } from '../api/object.ts'
import { readSettings } from '../inject/load-settings.ts'
import { kubeletMinor, minorOf } from '../inject/native.ts'
import type { Settings } from '../inject/settings.ts'
import { LABEL } from '../inject/names.ts'
import { CONFIGURATIONS, configurationPath } from '../injector/certificates/ca-bundle.ts'
import type * as of from './objects.ts'
import type { Reader } from './reader.ts'

export interface SnapshotOptions {
  /** Of the injector. */
  readonly systemNamespace: string
  /** Only this one's workloads; '' all that opted in. */
  readonly namespace: string
  readonly pre: boolean
  /** ms since 1970. */
  readonly now: number
  readonly checkPolicies: (files: readonly { readonly path: string; readonly text: string }[]) => readonly Issue[]
}

/** What a pod became that was created as a dry run. */
export interface DryRun {
  readonly namespace: string
  readonly pod: of.Pod | undefined
  /** Why it was refused; ''. */
  readonly refusal: string
  /** By which the API server's clock is ahead of ours, ms; NaN: not known. */
  readonly skew: number
}

export interface Snapshot {
  readonly options: SnapshotOptions
  readonly minor: number
  readonly gitVersion: string
  readonly kubelets:
    | readonly { readonly name: string; readonly version: string; readonly minor: number | undefined }[]
    | undefined
  readonly namespaces: readonly KubernetesObject[] | undefined
  readonly configurations: Readonly<
    Record<(typeof CONFIGURATIONS)[number], of.WebhookConfiguration | 'absent' | undefined>
  >
  readonly deployment: of.Deployment | 'absent' | undefined
  /** The API server injects by itself (`injection.mode: policy`), so there is no injector, and no webhook leads to one. */
  readonly byPolicy: boolean
  readonly slices: readonly of.EndpointSlice[] | undefined
  /** Of the ConfigMap `outrigger-injector-config`. */
  readonly settings: Settings | undefined
  /** Of the namespaces that are looked at. */
  readonly pods: readonly of.Pod[] | undefined
  readonly services: readonly of.Service[] | undefined
  readonly autoscalers: readonly of.Autoscaler[] | undefined
  readonly configMaps: readonly of.ConfigMap[] | undefined
  readonly networkPolicies: readonly of.NetworkPolicy[] | undefined
  readonly quotas: readonly of.Quota[] | undefined
  readonly dryRun: DryRun | undefined
  /** Verb and resource of what an installation does and may not be done. */
  readonly denied: readonly string[]
}

/** Rejects only where the API server cannot be reached at all. */
export async function takeSnapshot(reader: Reader, options: SnapshotOptions): Promise<Snapshot> {
  const version = await reader.get<{ minor?: string; emulationMinor?: string; gitVersion?: string }>('/version')
  const { systemNamespace: system, namespace: only, pre } = options
  const within = (api: string, plural: string): string =>
    only === '' ? `${api}/${plural}` : `${api}/namespaces/${only}/${plural}`
  const items = async <T extends KubernetesObject>(path: string): Promise<readonly T[] | undefined> =>
    (await readable(() => reader.get<KubernetesList<T>>(path)))?.items
  const nodes = await items<of.Node>('/api/v1/nodes')
  const namespaces = only === '' ? await items('/api/v1/namespaces') : await one(reader, `/api/v1/namespaces/${only}`)
  const apps = `/apis/apps/v1/namespaces/${system}`
  const service = 'outrigger-injector'
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${system}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D${service}`
  const [mutating, validating] = await Promise.all(
    CONFIGURATIONS.map((plural) => present<of.WebhookConfiguration>(reader, configurationPath(plural, service))),
  )
  const config = await present<of.ConfigMap>(
    reader,
    `/api/v1/namespaces/${system}/configmaps/outrigger-injector-config`,
  )
  const deployment = await present<of.Deployment>(reader, `${apps}/deployments/${service}`)
  const policy =
    deployment === 'absent' && mutating === 'absent'
      ? await present(reader, `/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies/${service}`)
      : undefined
  return {
    options,
    minor: minorOf(version),
    gitVersion: version.gitVersion ?? '',
    kubelets: nodes?.map(({ metadata, status }) => {
      const kubelet = status?.nodeInfo?.kubeletVersion ?? ''
      return { name: metadata.name ?? '', version: kubelet, minor: kubeletMinor(kubelet) }
    }),
    namespaces,
    configurations: { mutatingwebhookconfigurations: mutating, validatingwebhookconfigurations: validating },
    deployment,
    byPolicy: typeof policy === 'object',
    slices: await items<of.EndpointSlice>(slices),
    settings: typeof config === 'object' ? readSettings(config.data?.['config.yaml'] ?? '').settings : undefined,
    pods: pre ? undefined : await items<of.Pod>(within('/api/v1', 'pods')),
    services: pre ? undefined : await items<of.Service>(within('/api/v1', 'services')),
    autoscalers: pre
      ? undefined
      : await items<of.Autoscaler>(within('/apis/autoscaling/v2', 'horizontalpodautoscalers')),
    configMaps: pre ? undefined : await items<of.ConfigMap>(within('/api/v1', 'configmaps')),
    networkPolicies: pre
      ? undefined
      : await items<of.NetworkPolicy>(within('/apis/networking.k8s.io/v1', 'networkpolicies')),
    quotas: pre ? undefined : await items<of.Quota>(within('/api/v1', 'resourcequotas')),
    dryRun: await dryRun(reader, options, namespaces ?? []),
    denied: pre ? await deniedOf(reader, system) : [],
  }
}

async function one(reader: Reader, path: string): Promise<readonly KubernetesObject[] | undefined> {
  const found = await present<KubernetesObject>(reader, path)
  return found === undefined ? undefined : found === 'absent' ? [] : [found]
}

async function present<T>(reader: Reader, path: string): Promise<T | 'absent' | undefined> {
  try {
    return await readable(() => reader.get<T>(path))
  } catch (error) {
    if (isStatus(error, 404)) return 'absent'
    throw error
  }
}

/** undefined: not for us to read, or a kind that this API has not got. */
async function readable<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (isStatus(error, 403)) return undefined
    throw error
  }
}

/** In a namespace that opted in, else in `default` by a label of the pod's own. */
async function dryRun(
  reader: Reader,
  { namespace: only, now }: SnapshotOptions,
  namespaces: readonly KubernetesObject[],
): Promise<DryRun | undefined> {
  const enabled = namespaces.find(({ metadata }) => metadata.labels?.[LABEL.inject] === 'enabled')?.metadata.name
  const namespace = only || enabled || 'default'
  const secure = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    runAsUser: 1000,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'outrigger-check-', namespace, labels: { [LABEL.inject]: 'enabled' } },
    spec: {
      containers: [
        {
          name: 'app',
          image: 'example/app',
          securityContext: secure,
          resources: { limits: { cpu: '10m', memory: '16Mi' } },
        },
      ],
    },
  }
  try {
    const made = await reader.create<of.Pod>(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod)
    const skew = Date.parse(made.metadata.creationTimestamp ?? '') - now
    return { namespace, pod: made, refusal: '', skew }
  } catch (error) {
    // Of a webhook's refusal kubectl says the words only.
    if (
      error instanceof ApiError &&
      error.status === 403 &&
      !/admission webhook|denied the request|PodSecurity/.test(error.message)
    )
      return undefined
    return { namespace, pod: undefined, refusal: (error as Error).message, skew: Number.NaN }
  }
}

/** What the chart creates. */
const NEEDED = [
  ['create', 'admissionregistration.k8s.io', 'mutatingwebhookconfigurations', ''],
  ['create', 'rbac.authorization.k8s.io', 'clusterroles', ''],
  ['create', 'apps', 'deployments', 'system'],
  ['create', '', 'services', 'system'],
  ['create', '', 'configmaps', 'system'],
] as const

async function deniedOf(reader: Reader, system: string): Promise<string[]> {
  const denied: string[] = []
  for (const [verb, group, resource, where] of NEEDED) {
    const resourceAttributes = { verb, group, resource, ...(where === '' ? {} : { namespace: system }) }
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    }
    const { status } = await reader.create<{ status?: { allowed?: boolean } }>(
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      review,
    )
    if (status?.allowed !== true) denied.push(`${verb} ${resource}`)
  }
  return denied
}
