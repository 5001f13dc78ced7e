/** A namespace with the chart's rights for discovery, a sidecar that uses them, and clients of it. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { Spawned } from '../../../support/spawned.ts'
import { Helm } from '../api-server/helm.ts'
import type { Cluster } from '../cluster.ts'
import { until } from '../until.ts'
import { Load } from './load.ts'
import { Pod } from './pod.ts'
import { READY, Slice } from './slices.ts'

export const SHOP = 'shop'
export const PORT = 8080

const POLICY = `
kind: Sidecar
name: suite
accessLog: {format: none}
---
kind: Service
name: inventory
kubernetes: {service: inventory, namespace: ${SHOP}, port: http}
---
kind: Service
name: big
kubernetes: {service: big, namespace: ${SHOP}, port: http}
---
kind: Service
name: dual
kubernetes: {service: dual, namespace: ${SHOP}, port: http}
`

// biome-ignore lint/suspicious/noExplicitAny: objects of the API
type Json = any

interface Parts {
  readonly folder: string
  readonly rights: readonly Json[]
  readonly token: string
  readonly slice: Slice
  readonly pods: Map<string, Pod>
  readonly sidecar: Spawned
  readonly admin: string
  readonly outbound: string
}

export class World {
  readonly cluster: Cluster
  /** Of the Service under load. */
  readonly slice: Slice
  /** What the chart made. */
  readonly rights: readonly Json[]
  readonly outbound: string
  readonly load: Load
  /** The one that the sidecar's file holds. */
  token: string
  readonly #parts: Parts
  #last = 3

  private constructor(cluster: Cluster, parts: Parts) {
    this.cluster = cluster
    this.slice = parts.slice
    this.rights = parts.rights
    this.token = parts.token
    this.outbound = parts.outbound
    this.load = new Load(parts.outbound, 'inventory')
    this.#parts = parts
  }

  /** Three pods are ready, and the sidecar knows them. */
  static async open(cluster: Cluster): Promise<World> {
    await cluster.namespace(SHOP)
    const rights = await chartRights()
    for (const object of rights) await cluster.made(object)
    const folder = mkdtempSync(join(tmpdir(), 'outrigger-discovery-suite-'))
    writeFileSync(join(folder, 'policy.yaml'), POLICY)
    const token = await tokenOf(cluster, 'first')
    writeFileSync(join(folder, 'token'), token)
    const slice = new Slice(cluster, SHOP, 'inventory', 'inventory-1', PORT)
    const pods = new Map<string, Pod>()
    for (const number of [1, 2, 3]) {
      const pod = await Pod.start(`10.77.0.${number}`, PORT)
      pods.set(pod.address, pod)
      slice.endpoints.set(pod.address, READY)
    }
    await slice.store()
    const sidecar = new Spawned([
      'run',
      `--config=${folder}/policy.yaml`,
      '--outbound=127.0.0.1:0',
      '--admin=127.0.0.1:0',
      `--kube-api=${cluster.server}`,
      `--kube-token-file=${folder}/token`,
      `--kube-ca-file=${cluster.ca}`,
    ])
    const { admin, outbound } = await sidecar.ready()
    await until('three endpoints', async () => (await known(admin, 'inventory')).length === 3)
    return new World(cluster, { folder, rights, token, slice, pods, sidecar, admin, outbound })
  }

  /** Addresses that the sidecar knows of a Service, in order. */
  known(service = 'inventory'): Promise<string[]> {
    return known(this.#parts.admin, service)
  }

  async knows(address: string, limit?: number): Promise<void> {
    await until(`${address} in the sidecar`, async () => (await this.known()).includes(`${address}:${PORT}`), limit)
  }

  async forgot(address: string): Promise<void> {
    await until(`the sidecar without ${address}`, async () => !(await this.known()).includes(`${address}:${PORT}`))
  }

  /** A pod that nobody has been told of yet. */
  async newPod(): Promise<Pod> {
    const pod = await Pod.start(`10.77.0.${++this.#last}`, PORT)
    this.#parts.pods.set(pod.address, pod)
    return pod
  }

  async podIsGone(address: string): Promise<void> {
    await this.#parts.pods.get(address)?.stop()
    this.#parts.pods.delete(address)
  }

  get log(): string {
    return this.#parts.sidecar.err
  }

  /** Lines of the log from here on. */
  logFrom(place: number): string[] {
    return this.log.slice(place).split('\n')
  }

  /** In its file as the kubelet does it: at once. Gives the name of what the token is bound to. */
  async renewToken(): Promise<void> {
    this.token = await tokenOf(this.cluster, 'second')
    const path = join(this.#parts.folder, 'token')
    writeFileSync(`${path}.new`, this.token)
    renameSync(`${path}.new`, path)
  }

  /** The sidecar's exit code. */
  async close(): Promise<number | null> {
    await this.load.end()
    this.#parts.sidecar.kill('SIGTERM')
    const { code } = await this.#parts.sidecar.ended
    for (const pod of this.#parts.pods.values()) await pod.stop()
    rmSync(this.#parts.folder, { recursive: true, force: true })
    return code
  }
}

async function known(admin: string, service: string): Promise<string[]> {
  const state = (await (await fetch(`http://${admin}/state`)).json()) as { endpoints: Json[] }
  return state.endpoints.filter((one) => one.service === service).map((one) => one.address as string)
}

async function chartRights(): Promise<Json[]> {
  const helm = new Helm()
  const values = ['discovery.mode=endpointslice', `discovery.namespaces={${SHOP}}`]
  const { out, err, code } = await helm.run(
    'template',
    helm.chart,
    ...values.flatMap((value) => ['--set', value]),
    '--show-only=templates/discovery-rbac.yaml',
  )
  if (code !== 0) throw new Error(err)
  return parseAllDocuments(out)
    .map((document) => document.toJS() as Json)
    .filter((object) => object?.kind !== undefined)
}

/** Of the namespace's ServiceAccount, good as long as the Secret `bound` is there. */
async function tokenOf(cluster: Cluster, bound: string): Promise<string> {
  const metadata = { name: bound, namespace: SHOP }
  await cluster.made({ apiVersion: 'v1', kind: 'Secret', metadata })
  const { object, message } = await cluster.ask('POST', `${cluster.path('ServiceAccount', SHOP)}/default/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: bound } },
  })
  if (message !== '') throw new Error(message)
  return object.status.token
}
