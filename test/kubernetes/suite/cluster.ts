/**
 * A Kubernetes of a suite's own. Started by `up.sh` of the tools: API server and controllers, no nodes; pods stay Pending. By
 * `node-up.sh`: with a node as well, in namespaces of its own; pods run, and are reached from here at their addresses.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent } from 'undici'
import { kubeBinaries, kubeTools } from './tools.ts'
import { until } from './until.ts'

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: any object of the API
  readonly object: any
  /** What came as `Warning` headers. */
  readonly warnings: readonly string[]
  /** Why it was refused; empty where it was not. */
  readonly message: string
}

/** Where the API keeps each kind that the suites use. */
const PATHS: Readonly<Record<string, readonly [api: string, plural: string]>> = {
  Namespace: ['api/v1', 'namespaces'],
  Pod: ['api/v1', 'pods'],
  Service: ['api/v1', 'services'],
  ServiceAccount: ['api/v1', 'serviceaccounts'],
  ConfigMap: ['api/v1', 'configmaps'],
  Secret: ['api/v1', 'secrets'],
  EndpointSlice: ['apis/discovery.k8s.io/v1', 'endpointslices'],
  Role: ['apis/rbac.authorization.k8s.io/v1', 'roles'],
  RoleBinding: ['apis/rbac.authorization.k8s.io/v1', 'rolebindings'],
  ClusterRole: ['apis/rbac.authorization.k8s.io/v1', 'clusterroles'],
  ClusterRoleBinding: ['apis/rbac.authorization.k8s.io/v1', 'clusterrolebindings'],
  Event: ['api/v1', 'events'],
  Deployment: ['apis/apps/v1', 'deployments'],
  StatefulSet: ['apis/apps/v1', 'statefulsets'],
  DaemonSet: ['apis/apps/v1', 'daemonsets'],
  Job: ['apis/batch/v1', 'jobs'],
  CronJob: ['apis/batch/v1', 'cronjobs'],
  MutatingWebhookConfiguration: ['apis/admissionregistration.k8s.io/v1', 'mutatingwebhookconfigurations'],
  ValidatingWebhookConfiguration: ['apis/admissionregistration.k8s.io/v1', 'validatingwebhookconfigurations'],
  MutatingAdmissionPolicy: ['apis/admissionregistration.k8s.io/v1', 'mutatingadmissionpolicies'],
  ValidatingAdmissionPolicy: ['apis/admissionregistration.k8s.io/v1', 'validatingadmissionpolicies'],
}

type Texts = Readonly<Record<string, string>>

interface Scripts {
  readonly up: string
  readonly down: string
}

const CONTROL_PLANE: Scripts = { up: 'up.sh', down: 'down.sh' }
const NODE: Scripts = { up: 'node-up.sh', down: 'node-down.sh' }
/** The tools' own choice. */
const NODE_ADDRESS = '10.231.0.2'

export interface ClusterOptions {
  /** The first of five ports. */
  readonly port: number
  /** Range of ClusterIPs, in 127.0.0.0/8: whoever listens on one is that Service to the API server. */
  readonly services: string
  /** More arguments of kube-apiserver. */
  readonly apiArgs?: string
}

export class Cluster {
  readonly server: string
  readonly kubeconfig: string
  /** The CA of the API server, as a file. */
  readonly ca: string
  readonly #environment: NodeJS.ProcessEnv
  readonly #folder: string
  readonly #agent: Agent

  readonly #scripts: Scripts

  private constructor(server: string, environment: NodeJS.ProcessEnv, folder: string, scripts: Scripts) {
    this.server = server
    this.#scripts = scripts
    this.kubeconfig = join(folder, 'kubeconfig')
    this.ca = join(folder, 'pki/ca.crt')
    this.#environment = environment
    this.#folder = folder
    const pem = (name: string): string => readFileSync(join(folder, 'pki', name), 'utf8')
    this.#agent = new Agent({ connect: { ca: pem('ca.crt'), cert: pem('admin.crt'), key: pem('admin.key') } })
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), 'outrigger-kube-'))
    const environment = {
      ...process.env,
      KUBE_STATE: folder,
      KUBE_PORT: `${options.port}`,
      KUBE_SERVICES: options.services,
      KUBE_API_ARGS: options.apiArgs ?? '',
    }
    await shell(CONTROL_PLANE.up, environment)
    return new Cluster(`https://127.0.0.1:${options.port}`, environment, folder, CONTROL_PLANE)
  }

  /** The tools' node has names and addresses of its own on a machine, so there is one at a time. `port` is the first of five. */
  static async startNode(port: number): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), 'outrigger-node-'))
    const environment = { ...process.env, KUBE_STATE: folder, KUBE_PORT: `${port}` }
    await shell(NODE.up, environment)
    return new Cluster(`https://${NODE_ADDRESS}:${port}`, environment, folder, NODE)
  }

  /** Puts images, docker-archives, before the kubelet of `startNode`. */
  loadImages(archives: readonly string[]): Promise<void> {
    return shell(this.#scripts.up, this.#environment, 'load', ...archives)
  }

  /** Kills what runs in a container of the node, `ID` as its pod's status says, and asks nobody. */
  async kill(containerId: string): Promise<void> {
    const runtime = [join(kubeBinaries, 'ctr'), '-a', join(this.#folder, 'containerd.sock'), '-n', 'k8s.io']
    const id = containerId.replace('containerd://', '')
    await shell(this.#scripts.up, this.#environment, 'exec', ...runtime, 'tasks', 'kill', '--signal', 'SIGKILL', id)
  }

  async stop(): Promise<void> {
    await this.#agent.destroy()
    await shell(this.#scripts.down, this.#environment)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** `path` without a slash before it; whatever the API answers is an answer, and only a broken connection a throw. */
  async ask(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown, type?: string): Promise<Answer> {
    const answer = await this.#agent.request({
      origin: this.server,
      path: `/${path}`,
      method,
      headers: body === undefined ? {} : { 'content-type': type ?? 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await answer.body.text()
    const object = `${answer.headers['content-type']}`.includes('json') ? JSON.parse(text) : text
    const warnings = [answer.headers['warning'] ?? []].flat().map((line) => line.replace(/^299 - "(.*)"$/, '$1'))
    return {
      status: answer.statusCode,
      object,
      warnings,
      message: answer.statusCode < 300 ? '' : (object.message ?? text),
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: an object of the API
  create(object: any, options: { dryRun?: boolean } = {}): Promise<Answer> {
    const path = this.path(object.kind, object.metadata.namespace)
    return this.ask('POST', options.dryRun ? `${path}?dryRun=All` : path, object)
  }

  /** Creates it, and throws where that is refused. */
  // biome-ignore lint/suspicious/noExplicitAny: an object of the API
  async made(object: any): Promise<any> {
    const answer = await this.create(object)
    if (answer.status > 299) throw new Error(`${object.kind} ${object.metadata.name}: ${answer.message}`)
    return answer.object
  }

  get(kind: string, namespace: string | undefined, name: string): Promise<Answer> {
    return this.ask('GET', `${this.path(kind, namespace)}/${name}`)
  }

  /** `query` such as `labelSelector=a%3Db`. */
  // biome-ignore lint/suspicious/noExplicitAny: objects of the API
  async list(kind: string, namespace: string | undefined, query = ''): Promise<any[]> {
    const { object } = await this.ask('GET', `${this.path(kind, namespace)}?${query}`)
    return object.items
  }

  delete(kind: string, namespace: string | undefined, name: string): Promise<Answer> {
    return this.ask('DELETE', `${this.path(kind, namespace)}/${name}`)
  }

  /** With the ServiceAccount without which no pod is admitted. */
  async namespace(name: string, labels: Texts = {}, annotations: Texts = {}): Promise<void> {
    await this.made({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, annotations } })
    await until(`the ServiceAccount of ${name}`, async () => {
      return (await this.get('ServiceAccount', name, 'default')).status === 200
    })
  }

  path(kind: string, namespace: string | undefined): string {
    const place = PATHS[kind]
    if (place === undefined) throw new Error(`where does the API keep a ${kind}?`)
    return namespace === undefined ? `${place[0]}/${place[1]}` : `${place[0]}/namespaces/${namespace}/${place[1]}`
  }
}

async function shell(script: string, env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<void> {
  const child = spawn('bash', [join(kubeTools, script), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk
    })
  }
  // What it starts goes on with its files open, so the end to wait for is that of the script itself.
  const code = await new Promise((resolve) => child.on('exit', resolve))
  if (code !== 0) throw new Error(`${script}: ${said}`)
}
