/** The volumes of a sidecar. None is an emptyDir: that would keep a node from being scaled down. */
import { API_VOLUME, VOLUME } from './names.ts'
import type { Plan } from './plan.ts'

/** s; the kubelet renews a token at four fifths. One of an hour is made longer by the API server, but for this odd number. */
const TOKEN_LIFE = 3607

export function volumesOf({ settings: { policy, discovery } }: Plan): { readonly name: string }[] {
  // `optional`: a ConfigMap that is missing must not leave the pod in ContainerCreating, unless it is required.
  const policies = { name: VOLUME, configMap: { name: policy.configMap, optional: !policy.required } }
  return discovery === 'dns' ? [policies] : [policies, apiVolume()]
}

/** Of the sidecar alone, whatever the pod does with its own token. */
function apiVolume(): { readonly name: string; readonly projected: unknown } {
  const namespace = { path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }
  const sources = [
    { serviceAccountToken: { path: 'token', expirationSeconds: TOKEN_LIFE } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [namespace] } },
  ]
  return { name: API_VOLUME, projected: { sources } }
}
