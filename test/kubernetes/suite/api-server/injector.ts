/**
 * The injector of this tree as a process, in the place of the chart's Deployment: it listens where the chart's Service is,
 * with the config, the ServiceAccount and so the rights that the chart has made.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Spawned } from '../../../support/spawned.ts'
import type { Cluster } from '../cluster.ts'
import { until } from '../until.ts'
import { RELEASE_NAMESPACE } from './helm.ts'

const NAME = 'outrigger-injector'

export class Injector {
  readonly process: Spawned
  readonly #folder: string

  private constructor(process: Spawned, folder: string) {
    this.process = process
    this.#folder = folder
  }

  /** Waits until the API server believes it. */
  static async start(cluster: Cluster, more: readonly string[] = []): Promise<Injector> {
    const folder = mkdtempSync(join(tmpdir(), 'outrigger-injector-'))
    const { object: config } = await cluster.get('ConfigMap', RELEASE_NAMESPACE, `${NAME}-config`)
    writeFileSync(join(folder, 'config.yaml'), config.data['config.yaml'])
    const { object: service } = await cluster.get('Service', RELEASE_NAMESPACE, NAME)
    const account = `${cluster.path('ServiceAccount', RELEASE_NAMESPACE)}/${NAME}/token`
    const token = await cluster.ask('POST', account, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    })
    writeFileSync(join(folder, 'token'), token.object.status.token)
    const args = [
      'injector',
      `--config=${folder}/config.yaml`,
      `--listen=${service.spec.clusterIP}:443`,
      '--admin=127.0.0.1:0',
      `--namespace=${RELEASE_NAMESPACE}`,
      `--kube-api=${cluster.server}`,
      `--kube-token-file=${folder}/token`,
      `--kube-ca-file=${cluster.ca}`,
      '--drain-delay=0s',
      ...more,
    ]
    const injector = new Injector(new Spawned(args), folder)
    try {
      await injector.process.ready()
      await until('the CA in every webhook', async () => {
        const bundles = await caBundles(cluster)
        return bundles.length > 0 && bundles.every((bundle) => bundle !== undefined)
      })
    } catch (error) {
      await injector.stop()
      throw new Error(`the injector said: ${injector.process.err}`, { cause: error })
    }
    return injector
  }

  async metrics(): Promise<string> {
    const { admin } = await this.process.ready()
    return (await fetch(`http://${admin}/metrics`)).text()
  }

  async stop(): Promise<void> {
    this.process.kill('SIGTERM')
    await this.process.ended
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** It is gone without a word. */
  async die(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.process.ended
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** What each of our webhooks believes, base64. */
export async function caBundles(cluster: Cluster): Promise<(string | undefined)[]> {
  const kinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']
  const all = await Promise.all(kinds.map((kind) => cluster.get(kind, undefined, NAME)))
  return all.flatMap(({ object }) =>
    (object.webhooks ?? []).map((webhook: { clientConfig: { caBundle?: string } }) => webhook.clientConfig.caBundle),
  )
}
