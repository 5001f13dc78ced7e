/** The application's ports: what the sidecar is told of them, and who calls them what. */
import { PROXY } from './names.ts'
import type { Pod } from './pod.ts'
import { placed } from './pod.ts'
import type { ForPod } from './read-annotations.ts'

export interface AppPort {
  readonly port: number
  /** '' where it has none. */
  readonly name: string
  /** Of the annotation `protocol`; '' where it says nothing. */
  readonly protocol: string
}

/** TCP ports of all containers but ours, each once, in their order; or those of the annotation, with the names declared. */
export function appPortsOf(pod: Pod, { appPorts, protocols }: ForPod): AppPort[] {
  const declared = new Map<number, string>()
  for (const { container } of placed(pod)) {
    if (container.name === PROXY) continue
    for (const { containerPort, name = '', protocol = 'TCP' } of container.ports ?? []) {
      if (protocol === 'TCP' && !declared.has(containerPort)) declared.set(containerPort, name)
    }
  }
  const ports = appPorts ?? [...declared.keys()]
  return [...new Set([...ports, ...protocols.keys()])].map((port) => ({
    port,
    name: declared.get(port) ?? '',
    protocol: protocols.get(port) ?? '',
  }))
}

/** `APP_PORTS`, as `run` reads it. */
export function appPortsText(ports: readonly AppPort[]): string {
  return JSON.stringify(
    ports.map(({ port, name, protocol }) => ({
      port,
      ...(name === '' ? {} : { name }),
      ...(protocol === '' ? {} : { protocol }),
    })),
  )
}
