/** Pods for tests of injection: settings, a plain pod, random ones, and what an API server and a second mutator make of them. */
import { readSettings } from '../../src/kubernetes/inject/load-settings.ts'
import type { Pod } from '../../src/kubernetes/inject/pod.ts'
import type { Settings } from '../../src/kubernetes/inject/settings.ts'

export const IMAGES = 'images: {proxy: "example/outrigger:1", init: "example/init:1"}\n'

/** The injector's file with these lines more. */
export function settings(lines = ''): Settings {
  const { settings: read, issues } = readSettings(IMAGES + lines)
  if (read === undefined) throw new Error(JSON.stringify(issues))
  return read
}

export const SERVER = { minor: 36, oldestKubelet: 36 }
export const NAMESPACE = { annotations: {} }

export function pod(spec: object = {}, metadata: object = {}): Pod {
  return {
    metadata: { name: 'orders', ...metadata },
    spec: { containers: [{ name: 'app', image: 'app:1', ports: [{ name: 'http', containerPort: 8080 }] }], ...spec },
  } as unknown as Pod
}

type Dice = () => number

/** The same pod for the same dice. */
export function randomPod(dice: Dice): Pod {
  const chance = (share: number): boolean => dice() < share
  const pick = <T>(...items: T[]): T => items[Math.floor(dice() * items.length)] as T
  let ports = 7000
  const container = (name: string, init: boolean): object => {
    const named = `p${++ports}`
    const probe = (): object => ({
      ...pick<object>(
        { httpGet: { path: '/h', port: pick<number | string>(ports, named) } },
        { tcpSocket: { port: pick<number | string>(ports, named) } },
        { grpc: { port: ports, service: 'x' } },
        { exec: { command: ['true'] } },
        { httpGet: { path: '/h', port: 1, host: 'elsewhere' } },
        { tcpSocket: { port: 'undeclared' } },
      ),
      ...(chance(0.5) ? { timeoutSeconds: pick(1, 5) } : {}),
    })
    const sidecar = init && chance(0.4)
    const long = !init || sidecar
    return {
      name,
      image: 'x:1',
      ...(sidecar ? { restartPolicy: 'Always' } : {}),
      ...(chance(0.7) ? { ports: [{ containerPort: ports, ...(chance(0.7) ? { name: named } : {}) }] } : {}),
      ...(long && chance(0.5) ? { readinessProbe: probe() } : {}),
      ...(long && chance(0.5) ? { livenessProbe: probe() } : {}),
      ...(long && chance(0.2) ? { startupProbe: probe() } : {}),
      ...(!init && chance(0.3)
        ? {
            lifecycle: pick<object>(
              {},
              { preStop: { exec: { command: ['x'] } } },
              { postStart: { httpGet: { port: named } } },
            ),
          }
        : {}),
      ...(chance(0.3) ? { resources: { limits: { cpu: '1', memory: '1Gi' } } } : {}),
      ...(chance(0.3) ? { env: [{ name: 'A', value: 'b' }] } : {}),
      ...(chance(0.3) ? { securityContext: { runAsUser: 1000 } } : {}),
    }
  }
  const containers = (prefix: string, init: boolean): object[] =>
    Array.from({ length: 1 + Math.floor(dice() * 3) }, (_, i) => container(`${prefix}${i}`, init))
  return {
    metadata: {
      ...(chance(0.5) ? { name: 'a' } : { generateName: 'a-' }),
      ...(chance(0.5) ? { labels: chance(0.5) ? { app: 'a' } : {} } : {}),
      ...(chance(0.5) ? { annotations: chance(0.5) ? { 'kubectl.kubernetes.io/default-container': 'x' } : {} } : {}),
    },
    spec: {
      containers: containers('app', false),
      ...(chance(0.5) ? { initContainers: chance(0.8) ? containers('init', true) : [] } : {}),
      ...(chance(0.5) ? { volumes: chance(0.7) ? [{ name: 'v', emptyDir: {} }] : [] } : {}),
      ...(chance(0.3) ? { imagePullSecrets: [{ name: pick('registry', 'other') }] } : {}),
      ...(chance(0.3) ? { terminationGracePeriodSeconds: pick(3, 60) } : {}),
      ...(chance(0.2) ? { shareProcessNamespace: true } : {}),
    },
  } as unknown as Pod
}

/** What the API server fills in before it calls webhooks, of what injection reads. */
export function defaulted(pod: Pod): Pod {
  const copy = structuredClone(pod) as unknown as { spec: Record<string, Record<string, unknown>[] | undefined> }
  for (const list of ['containers', 'initContainers']) {
    for (const container of copy.spec[list] ?? []) {
      for (const port of (container['ports'] ?? []) as Record<string, unknown>[]) port['protocol'] ??= 'TCP'
      for (const kind of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
        const probe = container[kind] as Record<string, unknown> | undefined
        if (probe === undefined) continue
        for (const [key, value] of [
          ['timeoutSeconds', 1],
          ['periodSeconds', 10],
          ['successThreshold', 1],
          ['failureThreshold', 3],
        ] as const)
          probe[key] ??= value
        const get = probe['httpGet'] as Record<string, unknown> | undefined
        if (get !== undefined) get['scheme'] ??= 'HTTP'
      }
    }
  }
  return copy as unknown as Pod
}

/** Another webhook, as agents and secret stores bring theirs: a container with probes, an init container, a volume, an annotation. */
export function otherMutator(pod: Pod, dice: Dice): Pod {
  const copy = structuredClone(pod) as unknown as {
    metadata: { annotations?: Record<string, string> }
    spec: { containers: { name: string }[]; initContainers?: { name: string }[]; volumes?: { name: string }[] }
  }
  const into = <T>(list: T[], item: T): number => list.splice(Math.floor(dice() * (list.length + 1)), 0, item).length
  if (copy.spec.containers.some(({ name }) => name === 'agent')) return pod
  const agent = {
    name: 'agent',
    image: 'agent:1',
    ports: [{ name: 'agent', containerPort: 9999 }],
    livenessProbe: { httpGet: { path: '/', port: 'agent' } },
  }
  into(copy.spec.containers, agent)
  if (dice() < 0.5) into((copy.spec.initContainers ??= []), { name: 'agent-init' })
  if (dice() < 0.5) into((copy.spec.volumes ??= []), { name: 'agent' })
  if (dice() < 0.5) (copy.metadata.annotations ??= {})['agent/status'] = 'there'
  return copy as unknown as Pod
}
