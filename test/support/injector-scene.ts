/** An injector in this process before an API server in small, and a client that believes what the webhook configuration says. */
import type { ClientRequest } from 'node:http'
import { Agent, request, type RequestOptions } from 'node:https'
import { join } from 'node:path'
import type { Test } from 'tap'
import { SystemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import { KubernetesApi } from '../../src/kubernetes/api/client.ts'
import { openConnection } from '../../src/kubernetes/api/connection.ts'
import { Injector, type InjectorOptions } from '../../src/kubernetes/injector/injector.ts'
import { checkTexts } from '../../src/runtime/check-config.ts'
import type { Log } from '../../src/telemetry/log.ts'
import { FakeApi, type FakeObject } from './fake-api.ts'
import { IMAGES } from './pods.ts'

export const MUTATING = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/outrigger-injector'
export const VALIDATING = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/outrigger-injector'
export const SECRET = '/api/v1/namespaces/mesh/secrets/outrigger-injector-ca'
const NAME = 'outrigger-injector.mesh.svc'

const nothing = (): void => {}
export const silent: Log = { error: nothing, warn: nothing, info: nothing, debug: nothing }

/** As the chart makes it: two webhooks of ours, one of somebody else's. */
function configuration(): FakeObject {
  const service = { name: 'outrigger-injector', namespace: 'mesh', path: '/mutate' }
  return {
    metadata: { name: 'outrigger-injector' },
    webhooks: [
      { name: 'namespace.inject.outrigger.dev', clientConfig: { service } },
      { name: 'other', clientConfig: { service: { name: 'other', namespace: 'mesh' }, caBundle: 'x' } },
      { name: 'object.inject.outrigger.dev', clientConfig: { service } },
    ],
  }
}

export async function cluster(t: Test, minor = '36'): Promise<FakeApi> {
  const api = new FakeApi()
  await api.listen()
  t.teardown(() => api.close())
  api.put(MUTATING, configuration())
  api.put(VALIDATING, configuration())
  api.put('/version', { metadata: {}, minor })
  api.put('/api/v1/nodes/one', { metadata: { name: 'one' }, status: { nodeInfo: { kubeletVersion: `v1.${minor}.1` } } })
  api.put('/api/v1/namespaces/shop', { metadata: { name: 'shop', labels: { 'outrigger.dev/inject': 'enabled' } } })
  return api
}

/** `more` replaces options. */
export async function startInjector(t: Test, api: FakeApi, more: Partial<InjectorOptions> = {}): Promise<Injector> {
  const folder = t.testdir({ 'config.yaml': IMAGES, token: 'x' })
  const clock = new SystemClock()
  const injector = new Injector({
    config: join(folder, 'config.yaml'),
    listen: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    namespace: 'mesh',
    service: 'outrigger-injector',
    configuration: 'outrigger-injector',
    certificates: { mode: 'self', secret: 'outrigger-injector-ca', caLifetime: 1e10, servingLifetime: 1e9 },
    drainDelay: 0,
    api: new KubernetesApi(openConnection({ url: api.url, tokenFile: join(folder, 'token') }, {}, clock)),
    clock,
    random: systemRandom(),
    log: silent,
    checkPolicies: (files) => checkTexts(files).issues,
    ...more,
  })
  await injector.start()
  t.teardown(() => injector.close())
  return injector
}

/** Resolves once /readyz says so. */
export async function ready(injector: Injector): Promise<void> {
  while ((await fetch(`http://${injector.adminAddress}/readyz`)).status !== 200) await new Promise(setImmediate)
}

export function bundle(api: FakeApi, path = MUTATING): string {
  const { webhooks } = api.objects.get(path) as unknown as { webhooks: { clientConfig: { caBundle?: string } }[] }
  return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString()
}

export interface Reviewed {
  readonly status: number
  readonly body: string
  /** The field of the answer. */
  readonly connection: string | undefined
  readonly response: {
    readonly uid: string
    readonly allowed: boolean
    readonly status?: { readonly message: string }
    readonly warnings?: string[]
    readonly patch?: string
  }
}

/** As the API server asks: TLS by the Service's name, the CA as the configuration has it. */
/** A POST whose body is yet to come. */
export function open(injector: Injector, ca: string, path: string, more: RequestOptions = {}): ClientRequest {
  const [host, port] = injector.address.split(':')
  return request({ host, port, path, method: 'POST', ca, servername: NAME, ...more })
}

export function post(injector: Injector, ca: string, path: string, body: string, method = 'POST'): Promise<Reviewed> {
  const agent = new Agent({ keepAlive: true })
  return new Promise<Reviewed>((resolve, reject) => {
    const asked = open(injector, ca, path, { method, agent }).on('response', (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => {
        const parsed = text.startsWith('{') ? JSON.parse(text) : {}
        resolve({
          status: response.statusCode ?? 0,
          connection: response.headers.connection,
          body: text,
          response: parsed.response,
        })
      })
    })
    asked.on('error', reject)
    asked.end(body)
  }).finally(() => agent.destroy())
}

export function review(object: object, more: object = {}): string {
  const asked = { uid: 'u1', namespace: 'shop', operation: 'CREATE', object, ...more }
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked })
}
