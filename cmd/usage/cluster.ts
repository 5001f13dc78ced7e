/** `check` and `diag`: what one asks of a cluster. */
import { usage } from '../command-line/usage.ts'
import { KUBECONFIG_CONTEXT, SYSTEM_NAMESPACE } from './shared.ts'

export const CHECK = usage({
  name: 'check',
  brief: 'what is wrong in the cluster, each finding with a number and what to do about it',
  synopsis: '',
  flags: {
    pre: { says: 'before an installation: whether the chart may be installed' },
    namespace: { value: 'NS', short: 'n', says: 'whose workloads to look at', depends: 'all of them' },
    'system-namespace': SYSTEM_NAMESPACE,
    context: KUBECONFIG_CONTEXT,
    output: { value: 'short|json|junit', short: 'o', says: 'form of the report', otherwise: 'short' },
  },
  variables: ['system-namespace'],
  exit: { 0: 'nothing failed', 1: 'something did, or the cluster cannot be reached' },
})

export const DIAG = usage({
  name: 'diag',
  brief: 'configuration, state, metrics, logs and specs of meshed pods, secrets removed, in one archive to send along',
  synopsis: '[POD]',
  takesWords: true,
  flags: {
    namespace: { value: 'NS', short: 'n', says: 'where the pods are', otherwise: 'default' },
    'system-namespace': SYSTEM_NAMESPACE,
    context: KUBECONFIG_CONTEXT,
    tail: { value: 'LINES', says: 'of each log', otherwise: '500' },
    output: { value: 'FILE.tar|FOLDER', short: 'o', says: 'where it goes', otherwise: 'outrigger-diag.tar' },
  },
  variables: ['system-namespace'],
  exit: { 0: 'written', 1: 'the cluster cannot be reached, the pod is not there, or nothing can be written' },
})
