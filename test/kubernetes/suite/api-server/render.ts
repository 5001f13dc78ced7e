/** The chart before it meets a cluster: what helm and kubeconform say to each file of `ci/`. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { program } from '../tools.ts'
import { CHART, Helm, RELEASE_NAMESPACE, ran } from './helm.ts'
import { writeSchemas } from './schemas.ts'

/** Kinds that operators of others bring. */
const FOREIGN = ['PodMonitor', 'PrometheusRule', 'Certificate', 'Issuer']
const VERSION = '1.36.0'

export async function renderFacts(report: Report, cluster: Cluster): Promise<void> {
  const helm = new Helm()
  const { location, folder } = await writeSchemas(cluster)
  const conform = ['-strict', '-summary', '-skip', FOREIGN.join(','), '-schema-location', location, '-']
  for (const name of readdirSync(join(CHART, 'ci')).sort()) {
    const values = ['--values', join(CHART, 'ci', name), '--kube-version', VERSION]
    const lint = await helm.run('lint', '--strict', CHART, ...values)
    report.holds(`${name}: helm lint --strict has nothing to say`, lint.code === 0, lint.out + lint.err)
    const render = (): Promise<{ out: string; err: string }> =>
      helm.run('template', 'outrigger', CHART, '--namespace', RELEASE_NAMESPACE, ...values)
    const [first, second] = [await render(), await render()]
    report.holds(
      `${name}: two renders are the same byte for byte`,
      first.out !== '' && first.out === second.out,
      first.err,
    )
    const judged = await ran(program('kubeconform') as string, conform, process.env, first.out)
    const clean = judged.code === 0 && / Valid: [1-9]/.test(judged.out)
    report.holds(`${name}: kubeconform -strict: ${judged.out.trim()}`, clean, judged.out + judged.err)
  }
  const { out: rendered } = await helm.run('template', 'outrigger', CHART, '--namespace', RELEASE_NAMESPACE)
  const misspelt = rendered.replace('  replicas: 2', '  replica: 2')
  const refused = await ran(program('kubeconform') as string, conform, process.env, misspelt)
  report.includes('kubeconform -strict sees a field that nobody knows', refused.out, "'replica' not allowed")
  rmSync(folder, { recursive: true })
}
