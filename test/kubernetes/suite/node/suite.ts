/** The chart, the images and pods on a real node: what a kubelet, a container runtime and kube-proxy make of them. */
import { existsSync } from 'node:fs'
import { lacking } from '../../../image/tools.ts'
import { Helm } from '../api-server/helm.ts'
import { inForce } from '../api-server/optin.ts'
import { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import type { Suite } from '../suite.ts'
import { missing } from '../tools.ts'
import { IMAGE_VALUES, loadImages } from './images.ts'
import { injectorFacts, settled } from './injector.ts'
import { jobFacts } from './jobs.ts'
import { layoutFacts } from './layouts.ts'
import { application, namespaces, OUTSIDE, policies, SHOP } from './objects.ts'
import { FIRST, policyFacts } from './policy.ts'
import { ready } from './pods.ts'
import { rollingFacts } from './rolling.ts'
import { trafficFacts } from './traffic.ts'
import { killFacts, upgradeFacts } from './upgrade.ts'

const BINARIES = [
  'kubelet',
  'kube-proxy',
  'coredns',
  'containerd',
  'containerd-shim-runc-v2',
  'ctr',
  'runc',
  'cni/bridge',
]
/** The first of five ports. */
const PORT = 22_700
/** The tools' network interface on the machine: there while a node runs. */
const LINK = '/sys/class/net/outrigger-kube'

export const node: Suite = {
  name: 'node',
  shows:
    'images, chart and sidecars on a kubelet: traffic, Jobs, rolling restarts, upgrades in place, changed policies',
  lacks() {
    if (existsSync(LINK))
      return 'a node of these tools runs already, and there is one at a time (node-down.sh stops it)'
    const tools = lacking()
    if (tools !== '') return `to build images this machine lacks ${tools}`
    return missing('node-up.sh', BINARIES, ['helm', 'iptables', 'ip'])
  },
  async run(report: Report) {
    const cluster = await Cluster.startNode(PORT)
    try {
      await nodeFacts(report, cluster)
    } finally {
      await cluster.stop()
    }
  },
}

async function nodeFacts(report: Report, cluster: Cluster): Promise<void> {
  await loadImages(cluster)
  const helm = new Helm(cluster.kubeconfig)
  await helm.install(...IMAGE_VALUES)
  await settled(helm)
  report.holds('the injector runs as two pods of the chart', true)
  await namespaces(cluster)
  await inForce(cluster, SHOP)
  await cluster.made(policies(SHOP, FIRST))
  const make = async (...objects: readonly object[]): Promise<void> => {
    for (const object of objects) await cluster.made(object)
  }
  await make(...application(OUTSIDE, 'echo', 1), ...application(OUTSIDE, 'stranger', 1))
  await ready(cluster, OUTSIDE, 'echo')
  await make(...application(SHOP, 'web', 2), ...application(SHOP, 'one', 1))
  await make(...application(SHOP, 'caller', 1, 'http://echo.outside/from-init'))
  await report.guard('traffic', () => trafficFacts(report, cluster))
  await report.guard('a Job', () => jobFacts(report, cluster))
  await report.guard('a rolling restart', () => rollingFacts(report, cluster))
  await report.guard('an upgrade in place', () => upgradeFacts(report, cluster))
  await report.guard('a sidecar killed', () => killFacts(report, cluster))
  await report.guard('a changed policy', () => policyFacts(report, cluster))
  await report.guard('other layouts', () => layoutFacts(report, cluster))
  await report.guard('the injector', () => injectorFacts(report, cluster, helm))
}
