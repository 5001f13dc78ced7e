/** What a bundle holds: of each pod its spec, its events, its sidecar's configuration, state, metrics and log; of the injector the same. */
import type { KubernetesList, KubernetesObject } from '../api/object.ts'
import type { Pod } from '../check/objects.ts'
import { INIT, PROXY } from '../inject/names.ts'
import { placed } from '../inject/pod.ts'
import { redacted, redactedText } from './redact.ts'
import type { Entry } from './tar.ts'

/** As `check` asks, and for texts. */
export interface DiagReader {
  get<T>(path: string): Promise<T>
  text(path: string): Promise<string>
}

export interface DiagOptions {
  readonly namespace: string
  /** Only this one; '': all that have a sidecar, up to `most`. */
  readonly pod: string
  readonly systemNamespace: string
  readonly admin: number
  readonly most: number
  /** Lines of each log. */
  readonly tail: number
}

/** Paths of the admin listener, through the API server's proxy to the pod. */
const ADMIN = { 'config.json': '/config', 'state.json': '/state', 'metrics.txt': '/metrics' }

/** What cannot be had is an entry that says why. */
export async function collect(reader: DiagReader, options: DiagOptions): Promise<Entry[]> {
  const { namespace, pod: only, systemNamespace: system, most } = options
  const entries: Entry[] = []
  const add = async (name: string, ask: () => Promise<string>): Promise<void> => {
    try {
      entries.push({ name, text: await ask() })
    } catch (error) {
      entries.push({ name: `${name}.missing`, text: `${(error as Error).message}\n` })
    }
  }
  const object = (path: string) => async () => `${JSON.stringify(redacted(await reader.get(path)), null, 2)}\n`
  const base = `/api/v1/namespaces/${namespace}`
  await add('version.json', object('/version'))
  await add('namespace.json', object(base))
  await add('events.json', object(`${base}/events`))
  await add('policies.json', object(`${base}/configmaps?labelSelector=outrigger.dev%2Fpolicy`))
  await add('injector/config.json', object(`/api/v1/namespaces/${system}/configmaps/outrigger-injector-config`))
  for (const kind of ['mutating', 'validating']) {
    const path = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/outrigger-injector`
    await add(`injector/${kind}.json`, object(path))
  }
  for (const { metadata } of await injectors(reader, system)) {
    await addPod(add, reader, options, system, metadata.name ?? '', ['injector'], ['metrics.txt'])
  }
  const { items } = await reader.get<KubernetesList<Pod>>(`${base}/pods`)
  const chosen = items.filter((pod) => (only === '' ? hasSidecar(pod) : pod.metadata.name === only)).slice(0, most)
  if (only !== '' && chosen.length === 0) throw new Error(`there is no pod '${only}' in namespace ${namespace}`)
  for (const pod of chosen) {
    const { name = '' } = pod.metadata
    await add(`pods/${short(name)}/pod.json`, async () => `${JSON.stringify(redacted(pod), null, 2)}\n`)
    const containers = placed(pod)
      .map(({ container }) => container.name)
      .filter((container) => container === PROXY || container === INIT)
    const declared = placed(pod).flatMap(({ container }) => container.ports ?? [])
    const admin = declared.find((port) => port.name === 'outrigger-admin')?.containerPort ?? options.admin
    await addPod(
      add,
      reader,
      { ...options, admin },
      namespace,
      name,
      containers,
      Object.keys(ADMIN) as (keyof typeof ADMIN)[],
    )
  }
  return entries
}

async function injectors(reader: DiagReader, system: string): Promise<readonly KubernetesObject[]> {
  try {
    const path = `/api/v1/namespaces/${system}/pods?labelSelector=outrigger.dev%2Fcomponent%3Dinjector`
    return (await reader.get<KubernetesList<KubernetesObject>>(path)).items
  } catch {
    return []
  }
}

async function addPod(
  add: (name: string, ask: () => Promise<string>) => Promise<void>,
  reader: DiagReader,
  { admin, tail }: DiagOptions,
  namespace: string,
  pod: string,
  containers: readonly string[],
  asked: readonly (keyof typeof ADMIN)[],
): Promise<void> {
  const base = `/api/v1/namespaces/${namespace}/pods/${pod}`
  const folder = `pods/${short(pod)}`
  for (const name of asked)
    await add(`${folder}/${name}`, async () => {
      const text = await reader.text(`${base}:${admin}/proxy${ADMIN[name]}`)
      return name === 'metrics.txt' ? text : redactedText(text)
    })
  for (const container of containers) {
    const log = (previous: boolean) => async () =>
      redacted(
        await reader.text(`${base}/log?container=${container}&tailLines=${tail}${previous ? '&previous=true' : ''}`),
      ) as string
    await add(`${folder}/${container}.log`, log(false))
    await add(`${folder}/${container}.previous.log`, log(true))
  }
}

function hasSidecar(pod: Pod): boolean {
  return placed(pod).some(({ container }) => container.name === PROXY)
}

/** A name in an archive has 100 bytes. */
function short(name: string): string {
  return name.length <= 50 ? name : `${name.slice(0, 30)}~${name.slice(-19)}`
}
