/** The names that injection leaves in a pod, and those it reads. */

export const DOMAIN = 'outrigger.dev'

export const LABEL = {
  /** On namespaces and pods: `enabled` or `disabled`. */
  inject: `${DOMAIN}/inject`,
  /** Written: the pod has a sidecar of ours. */
  injected: `${DOMAIN}/injected`,
  /** Of our own pods, which are never injected. */
  component: `${DOMAIN}/component`,
  /** Of ConfigMaps that hold policies. */
  policy: `${DOMAIN}/policy`,
} as const

/** What was done to a pod, as JSON, so that it can be undone and need not be done twice. */
export const STATUS = `${DOMAIN}/status`

/** What `outrigger inject` added beside the label, with commas between: so that `uninject` takes out that and no more. */
export const ADDED = `${DOMAIN}/added`

export const PROXY = 'outrigger-proxy'
export const INIT = 'outrigger-init'
export const VOLUME = 'outrigger-policy'
/** What a sidecar that watches EndpointSlices is known to the API server by. */
export const API_VOLUME = 'outrigger-api'
/** Where policies are mounted: the folder, because a `subPath` gets no updates. */
export const POLICY_FOLDER = '/etc/outrigger/policy'

/** Kubernetes' own: which container `kubectl exec` and `kubectl logs` mean. */
export const KUBECTL_DEFAULTS = [
  'kubectl.kubernetes.io/default-container',
  'kubectl.kubernetes.io/default-logs-container',
] as const
