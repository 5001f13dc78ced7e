/** `helm test`: a pod that runs `outrigger check`. Here, where no pod runs, the check is run with that pod's rights. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { Spawned } from '../../../support/spawned.ts'
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { kubeBinaries } from '../tools.ts'
import { type Helm, RELEASE_NAMESPACE } from './helm.ts'

const NAME = 'outrigger-test'

interface Checked {
  readonly result: string
  readonly findings: readonly { readonly message: string }[]
}

export async function helmTestFacts(report: Report, cluster: Cluster, helm: Helm): Promise<void> {
  const hooks = parseAllDocuments(await helm.release('get', 'hooks', 'outrigger')).map((document) => document.toJS())
  const rights = hooks.filter(({ kind }) => kind !== 'Pod')
  for (const object of rights) await cluster.made(object)
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-check-'))
  try {
    const account = `${cluster.path('ServiceAccount', RELEASE_NAMESPACE)}/${NAME}/token`
    const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' }
    const { object } = await cluster.ask('POST', account, { ...kind, spec: {} })
    writeFileSync(join(folder, 'kubeconfig'), kubeconfig(cluster, object.status.token))
    const pod = hooks.find((hook) => hook.kind === 'Pod')
    const check = new Spawned([...pod.spec.containers[0].args, '-o', 'json'], {
      PATH: `${kubeBinaries}${delimiter}${process.env['PATH']}`,
      KUBECONFIG: join(folder, 'kubeconfig'),
    })
    await check.ended
    const { checks } = JSON.parse(check.out) as { readonly checks: readonly Checked[] }
    const unread = checks.flatMap(({ findings }) => findings).filter(({ message }) => message.includes('may not be'))
    report.same(`helm test: the ${checks.length} checks may read all they look at`, unread, [])
    report.note(`their results here, where no pod runs: ${checks.map(({ result }) => result).join(' ')}`)
  } finally {
    rmSync(folder, { recursive: true })
    for (const { kind, metadata } of rights) await cluster.delete(kind, metadata.namespace, metadata.name)
  }
}

/** JSON is YAML, too. */
function kubeconfig(cluster: Cluster, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server: cluster.server, 'certificate-authority': cluster.ca } }],
    users: [{ name: 'test', user: { token } }],
  })
}
