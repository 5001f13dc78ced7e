/** Namespaces that opted in, and what else stands in them. */
import { DOMAIN, LABEL, POLICY_FOLDER } from '../../inject/names.ts'
import { placed } from '../../inject/pod.ts'
import { type Check, error, type Finding, skipped, warning } from '../finding.ts'
import type { ConfigMap } from '../objects.ts'
import { enabledNamespaces, injectedPods, podName } from '../selection.ts'
import type { Snapshot } from '../snapshot.ts'

const ENFORCE = 'pod-security.kubernetes.io/enforce'

export const namespaceChecks: readonly Check[] = [
  {
    code: 'OC030',
    title: 'Pod Security lets the init container in',
    hint: 'Interception redirect needs NET_ADMIN in an init container: use interception named-port there, or level privileged.',
    when: 'post',
    run: (snapshot) => {
      const { settings } = snapshot
      if (settings === undefined) return [skipped("the injector's ConfigMap may not be read")]
      return enabledNamespaces(snapshot).flatMap(({ metadata: { name, labels = {}, annotations = {} } }) => {
        const mode = annotations[`${DOMAIN}/interception`] ?? settings.interception
        const level = labels[ENFORCE]
        return mode === 'redirect' && (level === 'restricted' || level === 'baseline')
          ? [error(`namespace ${name}`, `it enforces '${level}', and interception is redirect`)]
          : []
      })
    },
  },
  {
    code: 'OC031',
    title: 'policies are there and load',
    hint: 'outrigger validate says the same of files. A ConfigMap must not be immutable, nor mounted by subPath: neither is ever updated.',
    when: 'post',
    run: policies,
  },
  {
    code: 'OC032',
    title: 'autoscalers look at the application',
    hint: 'A metric of type Resource is of the whole pod, sidecar included: use ContainerResource with the name of the container.',
    when: 'post',
    run: (snapshot) => {
      const names = new Set(enabledNamespaces(snapshot).map(({ metadata }) => metadata.name))
      return (snapshot.autoscalers ?? [])
        .filter(
          ({ metadata, spec }) =>
            names.has(metadata.namespace) && spec?.metrics?.some(({ type }) => type === 'Resource'),
        )
        .map(({ metadata }) =>
          warning(`horizontalpodautoscaler ${metadata.namespace}/${metadata.name}`, 'it has a metric of type Resource'),
        )
    },
  },
  {
    code: 'OC033',
    title: 'quotas can be kept',
    hint: 'A quota on limits refuses pods with a container that states none: set proxy.cpu.limit and proxy.memory.limit.',
    when: 'post',
    run: (snapshot) => {
      const { proxy } = snapshot.settings ?? {}
      const names = new Set(enabledNamespaces(snapshot).map(({ metadata }) => metadata.name))
      return (snapshot.quotas ?? []).flatMap(({ metadata, spec }) =>
        (['cpu', 'memory'] as const)
          .filter(
            (what) =>
              names.has(metadata.namespace) &&
              spec?.hard?.[`limits.${what}`] !== undefined &&
              proxy?.[what].limit === '',
          )
          .map((what) =>
            error(
              `resourcequota ${metadata.namespace}/${metadata.name}`,
              `it counts limits.${what}, and sidecars state none`,
            ),
          ),
      )
    },
  },
  {
    code: 'OC034',
    title: 'metrics can be scraped',
    hint: 'Let the admin port (19002) in from where Prometheus runs.',
    when: 'post',
    run: (snapshot) => {
      const admin = snapshot.settings?.proxy.ports.admin ?? 19_002
      const names = new Set(enabledNamespaces(snapshot).map(({ metadata }) => metadata.name))
      return (snapshot.networkPolicies ?? [])
        .filter(
          ({ metadata, spec }) =>
            names.has(metadata.namespace) &&
            spec?.policyTypes?.includes('Ingress') &&
            !letsIn(spec.ingress ?? [], admin),
        )
        .map(({ metadata }) =>
          warning(`networkpolicy ${metadata.namespace}/${metadata.name}`, `no rule of it lets port ${admin} in`),
        )
    },
  },
]

type Ingress = NonNullable<NonNullable<NonNullable<Snapshot['networkPolicies']>[number]['spec']>['ingress']>

function letsIn(rules: Ingress, port: number): boolean {
  return rules.some(({ ports = [] }) => {
    return (
      ports.length === 0 ||
      ports.some(
        (one) =>
          one.port === undefined ||
          one.port === port ||
          one.port === 'outrigger-admin' ||
          (typeof one.port === 'number' && one.port <= port && port <= (one.endPort ?? one.port)),
      )
    )
  })
}

function policies(snapshot: Snapshot): Finding[] {
  const { configMaps, settings, options } = snapshot
  if (configMaps === undefined) return [skipped('ConfigMaps may not be listed')]
  const standard = settings?.policy.configMap ?? 'outrigger-policy'
  const used = configMaps.filter(
    ({ metadata: { name, labels = {} } }) => labels[LABEL.policy] !== undefined || name === standard,
  )
  const missing = enabledNamespaces(snapshot)
    .filter(({ metadata }) => !used.some((map) => map.metadata.namespace === metadata.name))
    .map(({ metadata }) =>
      warning(`namespace ${metadata.name}`, `it has no ConfigMap ${standard}: sidecars do with the defaults`),
    )
  const mounted = injectedPods(snapshot)
    .filter((pod) =>
      placed(pod).some(({ container }) =>
        mountsOf(container).some(
          ({ mountPath, subPath }) => mountPath.startsWith(POLICY_FOLDER) && subPath !== undefined,
        ),
      ),
    )
    .map((pod) => warning(podName(pod), 'policies are mounted by subPath'))
  return [...missing, ...used.flatMap((map) => judged(map, options.checkPolicies)), ...mounted]
}

function mountsOf(container: object): readonly { readonly mountPath: string; readonly subPath?: string }[] {
  return (container as { volumeMounts?: { mountPath: string; subPath?: string }[] }).volumeMounts ?? []
}

function judged({ metadata, data = {}, immutable }: ConfigMap, check: Snapshot['options']['checkPolicies']): Finding[] {
  const subject = `configmap ${metadata.namespace}/${metadata.name}`
  const files = Object.entries(data)
    .filter(([key]) => /\.ya?ml$/.test(key))
    .map(([path, text]) => ({ path, text }))
  return [
    ...check(files)
      .filter(({ severity }) => severity === 'error')
      .map(({ code, message, place }) =>
        error(subject, `${place.file}:${place.line}:${place.column}: ${code} ${message}`),
      ),
    ...(immutable === true ? [warning(subject, 'it is immutable')] : []),
  ]
}
