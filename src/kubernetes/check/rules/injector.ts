/** The injector and the webhooks that lead to it. */
import { X509Certificate } from 'node:crypto'
import { PROXY } from '../../inject/names.ts'
import { type Check, error, type Finding, ok, skipped, warning } from '../finding.ts'
import type { WebhookConfiguration } from '../objects.ts'
import { hasProxy, selects } from '../selection.ts'
import type { Snapshot } from '../snapshot.ts'

const BY_POLICY = 'the API server injects by itself: injection.mode is policy'

/** ms that a CA shall still hold. */
const LEFT = 60 * 86_400_000

export const injectorChecks: readonly Check[] = [
  {
    code: 'OC010',
    title: 'the injector runs',
    hint: 'kubectl -n NAMESPACE describe deployment outrigger-injector; its log says what it waits for.',
    when: 'post',
    run: ({ deployment, byPolicy, options: { systemNamespace } }) => {
      if (byPolicy) return [skipped(BY_POLICY)]
      const subject = `deployment ${systemNamespace}/outrigger-injector`
      if (deployment === undefined) return [skipped('deployments may not be read')]
      if (deployment === 'absent') return [error(subject, 'there is none; --system-namespace says where to look')]
      const [ready, wanted] = [deployment.status?.readyReplicas ?? 0, deployment.spec?.replicas ?? 1]
      if (ready === 0) return [error(subject, `none of ${wanted} replicas is ready`)]
      return ready < wanted
        ? [warning(subject, `${ready} of ${wanted} replicas are ready`)]
        : [ok(`${ready} replicas are ready`)]
    },
  },
  {
    code: 'OC011',
    title: 'the API server finds the injector',
    hint: "The Service's selector must be the labels of the injector's pods.",
    when: 'post',
    run: ({ slices, byPolicy, options: { systemNamespace } }) => {
      if (byPolicy) return [skipped(BY_POLICY)]
      if (slices === undefined) return [skipped('EndpointSlices may not be read')]
      const ready = slices
        .flatMap(({ endpoints }) => endpoints ?? [])
        .filter(({ conditions }) => conditions?.ready !== false)
      return ready.length === 0
        ? [error(`service ${systemNamespace}/outrigger-injector`, 'it has no ready endpoint')]
        : []
    },
  },
  {
    code: 'OC012',
    title: 'the webhooks believe the injector',
    hint: 'With certificates self the injector writes the CA itself: look at its log. With cert-manager look at the Certificate.',
    when: 'post',
    run: (snapshot) => eachWebhook(snapshot, (webhook, subject, now) => bundleOf(webhook, subject, now)),
  },
  {
    code: 'OC013',
    title: 'an injector that is down cannot stop the cluster',
    hint: 'With failurePolicy Fail the namespaceSelector must leave out kube-system and the namespace of the injector.',
    when: 'post',
    run: (snapshot) => {
      const { systemNamespace } = snapshot.options
      return eachWebhook(snapshot, ({ failurePolicy, namespaceSelector }, subject) => {
        if (failurePolicy === 'Ignore') return []
        const caught = ['kube-system', systemNamespace].filter((name) =>
          // Even where somebody labels them.
          ['enabled', undefined].some((word) =>
            selects(namespaceSelector, {
              'kubernetes.io/metadata.name': name,
              ...(word && { 'outrigger.dev/inject': word }),
            }),
          ),
        )
        return caught.map((name) => error(subject, `its failurePolicy is Fail, and it is asked about pods of ${name}`))
      })
    },
  },
  {
    code: 'OC014',
    title: 'a pod gets its sidecar',
    hint: 'The whole way was tried with a dry run. "failed calling webhook": the API server cannot reach the injector; see docs/kubernetes.md.',
    when: 'post',
    run: ({ dryRun }) => {
      if (dryRun === undefined) return [skipped('pods may not be created, not even as a dry run')]
      const subject = `namespace ${dryRun.namespace}`
      if (dryRun.pod === undefined) return [error(subject, dryRun.refusal)]
      return hasProxy(dryRun.pod)
        ? [ok(`tried in namespace ${dryRun.namespace}`)]
        : [error(subject, `the pod came out without ${PROXY}`)]
    },
  },
  {
    code: 'OC015',
    title: 'policies are judged before they are stored',
    hint: 'Without the ValidatingWebhookConfiguration a bad ConfigMap is found at the next start of a sidecar.',
    when: 'post',
    run: ({ configurations: { validatingwebhookconfigurations: found }, byPolicy }) =>
      byPolicy
        ? [skipped(BY_POLICY)]
        : found === 'absent'
          ? [warning('validatingwebhookconfiguration outrigger-injector', 'there is none')]
          : [],
  },
]

type Webhook = NonNullable<WebhookConfiguration['webhooks']>[number]

function eachWebhook(
  { configurations: { mutatingwebhookconfigurations: found }, byPolicy, options }: Snapshot,
  look: (webhook: Webhook, subject: string, now: number) => Finding[],
): Finding[] {
  if (byPolicy) return [skipped(BY_POLICY)]
  if (found === undefined) return [skipped('webhook configurations may not be read')]
  if (found === 'absent') return [error('mutatingwebhookconfiguration outrigger-injector', 'there is none')]
  return (found.webhooks ?? []).flatMap((webhook) => look(webhook, `webhook ${webhook.name}`, options.now))
}

function bundleOf({ clientConfig: { caBundle = '' } }: Webhook, subject: string, now: number): Finding[] {
  const pem = Buffer.from(caBundle, 'base64').toString()
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  if (certificates.length === 0) return [error(subject, 'its caBundle is empty')]
  try {
    const ends = Math.max(...certificates.map((text) => Date.parse(new X509Certificate(text).validTo)))
    if (ends < now) return [error(subject, 'every certificate of its caBundle has expired')]
    const days = Math.floor((ends - now) / 86_400_000)
    return ends - now < LEFT ? [warning(subject, `its caBundle holds for ${days} more days`)] : []
  } catch {
    return [error(subject, 'its caBundle is no certificate')]
  }
}
