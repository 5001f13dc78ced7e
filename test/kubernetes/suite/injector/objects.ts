/** What the injector needs of a cluster, and no more, without the chart: rights, a Service, webhooks. */

// biome-ignore lint/suspicious/noExplicitAny: objects of the API
type Json = any

export const SYSTEM = 'outrigger-system'
export const NAME = 'outrigger-injector'
const RBAC = 'rbac.authorization.k8s.io'

/** As /docs/kubernetes.md lists them. */
export function rights(): Json[] {
  const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace: SYSTEM }]
  const metadata = { name: NAME, namespace: SYSTEM }
  const configurations = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']
  const clusterRules = [
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [''], resources: ['nodes'], verbs: ['list'] },
    { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get'] },
    {
      apiGroups: ['admissionregistration.k8s.io'],
      resources: configurations,
      resourceNames: [NAME],
      verbs: ['get', 'list', 'watch', 'patch'],
    },
  ]
  const rules = [
    { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: [`${NAME}-ca`], verbs: ['get', 'update'] },
  ]
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: NAME }, rules: clusterRules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME },
      subjects,
      roleRef: roleRef('ClusterRole'),
    },
    { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules },
    { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata, subjects, roleRef: roleRef('Role') },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 443, targetPort: 10_250 }] } },
  ]
}

function roleRef(kind: string): Json {
  return { apiGroup: RBAC, kind, name: NAME }
}

/** The pods' webhook for namespaces that opted in, the one for workloads, the one for policies. */
export function webhooks(): Json[] {
  const common = { admissionReviewVersions: ['v1'], timeoutSeconds: 5, matchPolicy: 'Equivalent' }
  const client = (path: string): Json => ({
    clientConfig: { service: { name: NAME, namespace: SYSTEM, path, port: 443 } },
  })
  const rule = (apiGroups: string[], resources: string[], operations = ['CREATE', 'UPDATE']): Json => ({
    rules: [{ apiGroups, apiVersions: ['v1'], resources, operations, scope: 'Namespaced' }],
  })
  const others = {
    key: 'kubernetes.io/metadata.name',
    operator: 'NotIn',
    values: ['kube-system', 'kube-public', 'kube-node-lease', SYSTEM],
  }
  const enabled = { key: 'outrigger.dev/inject', operator: 'In', values: ['enabled'] }
  const pods = {
    name: 'namespace.inject.outrigger.dev',
    ...common,
    ...client('/mutate'),
    ...rule([''], ['pods'], ['CREATE']),
    namespaceSelector: { matchExpressions: [enabled, others] },
    objectSelector: { matchExpressions: [{ key: 'outrigger.dev/inject', operator: 'NotIn', values: ['disabled'] }] },
    failurePolicy: 'Fail',
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'NoneOnDryRun',
  }
  const policies = {
    name: 'policy.outrigger.dev',
    ...common,
    ...client('/validate-policy'),
    ...rule([''], ['configmaps']),
    objectSelector: { matchExpressions: [{ key: 'outrigger.dev/policy', operator: 'Exists' }] },
    failurePolicy: 'Ignore',
    sideEffects: 'None',
  }
  const workloads = {
    name: 'workload.outrigger.dev',
    ...common,
    ...client('/warn-workload'),
    rules: [
      ...rule(['apps'], ['deployments', 'statefulsets', 'daemonsets', 'replicasets']).rules,
      ...rule(['batch'], ['jobs', 'cronjobs']).rules,
    ],
    failurePolicy: 'Ignore',
    sideEffects: 'None',
  }
  const kind = (kind: string, webhooks: Json[]): Json => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: NAME },
    webhooks,
  })
  return [kind('MutatingWebhookConfiguration', [pods]), kind('ValidatingWebhookConfiguration', [policies, workloads])]
}
