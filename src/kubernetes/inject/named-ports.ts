/**
 * Mode named-port: the name of each port of the application goes to a listener of the sidecar, so that every Service that
 * names its `targetPort` leads there; the application's own port is called `app-N` from then on. Needs no privilege.
 */
import { PROXY } from './names.ts'
import { type Pod, placed } from './pod.ts'

export interface NamedPort {
  readonly container: string
  /** The name that goes over to the sidecar. */
  readonly name: string
  /** What the application's port is called instead; 15 characters at most (RFC 6335 §5.1). */
  readonly renamed: string
  readonly port: number
  /** Of the sidecar. */
  readonly listen: number
}

export type NamedPorts = readonly NamedPort[]

/** TCP only; `first` is the first listener's port. A name that stands twice in a pod is moved once. */
export function namedPortsOf(pod: Pod, first: number): NamedPorts {
  const found: NamedPort[] = []
  for (const { container, list } of placed(pod)) {
    if (container.name === PROXY || (list === 'initContainers' && container.restartPolicy !== 'Always')) continue
    for (const { name, containerPort, protocol = 'TCP' } of container.ports ?? []) {
      if (name === undefined || protocol !== 'TCP' || found.some((one) => one.name === name)) continue
      const number = found.length
      found.push({
        container: container.name,
        name,
        renamed: `app-${number}`,
        port: containerPort,
        listen: first + number,
      })
    }
  }
  return found
}
