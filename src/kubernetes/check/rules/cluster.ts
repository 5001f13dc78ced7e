/** The cluster itself. */
import { NATIVE_SINCE } from '../../inject/native.ts'
import { type Check, error, ok, skipped, warning } from '../finding.ts'

/** Of the chart. */
const OLDEST = 28
/** ms by which clocks may differ before certificates and tokens are in trouble. */
const SKEW = 30_000

export const clusterChecks: readonly Check[] = [
  {
    code: 'OC001',
    title: 'the API server is reached, and new enough',
    hint: `Outrigger needs Kubernetes 1.${OLDEST}; native sidecars 1.${NATIVE_SINCE}.`,
    when: 'both',
    run: ({ minor, gitVersion }) =>
      minor < OLDEST ? [error('', `it is 1.${minor} (${gitVersion})`)] : [ok(`it is 1.${minor} (${gitVersion})`)],
  },
  {
    code: 'OC002',
    title: 'native sidecars can be used',
    hint: 'Below 1.29 the sidecar is a container beside the others: Jobs do not end by themselves. Upgrade the nodes named.',
    when: 'both',
    run: ({ minor, kubelets }) => {
      if (minor < NATIVE_SINCE) return [warning('', `the API server is 1.${minor}`)]
      if (kubelets === undefined) return [skipped('nodes may not be listed')]
      return kubelets
        .filter((node) => (node.minor ?? NATIVE_SINCE) < NATIVE_SINCE)
        .map(({ name, version }) => warning(`node ${name}`, `its kubelet is ${version}`))
    },
  },
  {
    code: 'OC003',
    title: 'the clocks agree',
    hint: 'Certificates and tokens are valid by the clock: run NTP here and there.',
    when: 'both',
    run: ({ dryRun }) => {
      if (dryRun === undefined || Number.isNaN(dryRun.skew)) return [skipped('no pod could be created as a dry run')]
      const seconds = Math.round(dryRun.skew / 1000)
      return Math.abs(dryRun.skew) > SKEW
        ? [
            warning(
              '',
              `the API server's clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} this one`,
            ),
          ]
        : []
    },
  },
  {
    code: 'OC004',
    title: 'the chart may be installed',
    hint: 'Install as somebody who may do what is named, or let them apply the output of helm template.',
    when: 'pre',
    run: ({ denied }) => denied.map((what) => error('', `you may not ${what}`)),
  },
  {
    code: 'OC005',
    title: 'there is no other installation',
    hint: 'One injector serves a cluster: upgrade that one, or uninstall it first.',
    when: 'pre',
    run: ({ configurations: { mutatingwebhookconfigurations: found } }) =>
      typeof found === 'object'
        ? [warning('mutatingwebhookconfiguration outrigger-injector', 'it is there already')]
        : [],
  },
]
