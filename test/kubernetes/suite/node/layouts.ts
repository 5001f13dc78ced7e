import type { Cluster } from '../cluster.ts'
import { shape } from '../api-server/looks.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { application, SHOP } from './objects.ts'
import { Driven, ready, seenBy } from './pods.ts'

/** What stands in a pod, by the annotation that asks for it. */
const LAYOUTS = [
  { name: 'beside', annotation: 'native-sidecar', text: 'false', wanted: 'outrigger-init outrigger-proxy app' },
  { name: 'by-port', annotation: 'interception', text: 'named-port', wanted: 'outrigger-proxy* app' },
] as const

/** The other layouts: Ready, and asked through their Service by a meshed client. */
export async function layoutFacts(report: Report, cluster: Cluster): Promise<void> {
  const caller = new Driven((await ready(cluster, SHOP, 'caller'))[0])
  for (const { name, annotation, text, wanted } of LAYOUTS) {
    const [deployment, service] = application(SHOP, name, 1)
    deployment.spec.template.metadata.annotations = { [`outrigger.dev/${annotation}`]: text }
    for (const object of [deployment, service]) await cluster.made(object)
    const [pod] = await ready(cluster, SHOP, name)
    report.same(`${annotation}: ${text}: the pod is Ready`, shape(pod), wanted)
    const { pod: seen, via } = await until(`an answer of ${name}`, async () =>
      seenBy(await caller.ask(`http://${name}.shop/`)),
    )
    const through = via.includes(`outrigger-${name}-`)
    report.same(
      `${annotation}: ${text}: its Service leads through its sidecar`,
      [seen, through],
      [pod.metadata.name, true],
    )
  }
}
