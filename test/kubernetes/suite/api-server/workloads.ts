/** Pods that controllers make: of a Deployment, a StatefulSet, a Job and a CronJob. */
import type { Cluster } from '../cluster.ts'
import { until } from '../until.ts'
import type { Pod } from './looks.ts'

const template = (kind: string, restartPolicy: string): object => ({
  metadata: { labels: { app: kind } },
  spec: {
    restartPolicy,
    containers: [
      {
        name: 'app',
        image: 'app:v1',
        ports: [{ name: 'http', containerPort: 8080 }],
        readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
      },
    ],
  },
})

const selector = (kind: string): object => ({ matchLabels: { app: kind } })

function workloads(namespace: string): object[] {
  const metadata = (name: string): object => ({ name, namespace })
  const job = { template: template('cronjob', 'Never') }
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata('web'),
      spec: { selector: selector('deployment'), template: template('deployment', 'Always') },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: metadata('db'),
      spec: { serviceName: 'db', selector: selector('statefulset'), template: template('statefulset', 'Always') },
    },
    { apiVersion: 'batch/v1', kind: 'Job', metadata: metadata('import'), spec: { template: template('job', 'Never') } },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: metadata('nightly'),
      spec: { schedule: '* * * * *', concurrencyPolicy: 'Forbid', jobTemplate: { spec: job } },
    },
  ]
}

export const KINDS = ['deployment', 'statefulset', 'job', 'cronjob'] as const

/** Creates them; the CronJob's first pod comes within a minute. */
export async function createWorkloads(cluster: Cluster, namespace: string): Promise<void> {
  for (const object of workloads(namespace)) await cluster.made(object)
}

export function podOf(cluster: Cluster, namespace: string, kind: string): Promise<Pod> {
  return until(
    `a pod of the ${kind}`,
    async () => (await cluster.list('Pod', namespace, `labelSelector=${encodeURIComponent(`app=${kind}`)}`))[0],
    kind === 'cronjob' ? 90_000 : 30_000,
  )
}
