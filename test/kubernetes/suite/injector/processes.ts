/** Injectors as processes, and commands as a user calls them. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { IMAGES } from '../../../support/pods.ts'
import { Spawned } from '../../../support/spawned.ts'
import type { Cluster } from '../cluster.ts'
import { kubeBinaries } from '../tools.ts'
import { until } from '../until.ts'
import { NAME, SYSTEM } from './objects.ts'

// biome-ignore lint/suspicious/noExplicitAny: objects of the API
type Json = any

export interface Running {
  readonly process: Spawned
  readonly admin: string
}

/** Only the one on the Service's address is asked; the other shares the CA. */
export async function startInjector(cluster: Cluster, folder: string, name: string, serves: boolean): Promise<Running> {
  const account = `${cluster.path('ServiceAccount', SYSTEM)}/${NAME}/token`
  const { object } = await cluster.ask('POST', account, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  })
  writeFileSync(join(folder, 'token'), object.status.token)
  writeFileSync(join(folder, 'config.yaml'), IMAGES)
  const { object: service } = await cluster.get('Service', SYSTEM, NAME)
  const process = new Spawned([
    'injector',
    `--config=${folder}/config.yaml`,
    `--listen=${serves ? `${service.spec.clusterIP}:443` : '127.0.0.1:0'}`,
    '--admin=127.0.0.1:0',
    `--namespace=${SYSTEM}`,
    `--kube-api=${cluster.server}`,
    `--kube-token-file=${folder}/token`,
    `--kube-ca-file=${cluster.ca}`,
    '--drain-delay=0s',
    '--ca-lifetime=90s',
    '--certificate-lifetime=20s',
  ])
  const { admin } = await process.ready()
  await until(`readiness of injector ${name}`, async () => (await fetch(`http://${admin}/readyz`)).status === 200)
  return { process, admin }
}

export async function metrics(admin: string): Promise<string> {
  return (await fetch(`http://${admin}/metrics`)).text()
}

export function value(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? 0 : Number(line.slice(name.length + 1))
}

export async function command(
  cluster: Cluster,
  args: readonly string[],
): Promise<{ code: number | null; out: string; err: string }> {
  const ran = new Spawned(args, {
    KUBECONFIG: cluster.kubeconfig,
    HOME: dirname(cluster.kubeconfig),
    PATH: `${kubeBinaries}:${process.env['PATH']}`,
  })
  const { code } = await ran.ended
  return { code, out: ran.out, err: ran.err }
}

export async function kubectl(cluster: Cluster, args: readonly string[]): Promise<string> {
  return execFileSync(join(kubeBinaries, 'kubectl'), args, {
    env: { KUBECONFIG: cluster.kubeconfig, HOME: dirname(cluster.kubeconfig) },
    encoding: 'utf8',
  })
}

/** Kinds that the other suites have no use for. */
export async function make(cluster: Cluster, object: Json): Promise<void> {
  const plural = `${object.kind.toLowerCase()}s`
  const place = object.apiVersion === 'v1' ? 'api/v1' : `apis/${object.apiVersion}`
  const { namespace } = object.metadata
  const path = namespace === undefined ? `${place}/${plural}` : `${place}/namespaces/${namespace}/${plural}`
  const { status, message } = await cluster.ask('POST', path, object)
  if (status > 299) throw new Error(message)
}
