/** Who the telemetry is of: OpenTelemetry's resource attributes, from our name and from what Kubernetes says of the pod. */
// cold file: runs once per start
import { Ids } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import type { TelemetryOptions } from '../types.ts'

/**
 * Variables of the downward API as the injector sets them, and the attributes they become. Only where POD_NAME stands: some
 * of the others mean something else outside of Kubernetes.
 */
const DOWNWARD = {
  POD_NAME: 'k8s.pod.name',
  POD_NAMESPACE: 'k8s.namespace.name',
  POD_UID: 'k8s.pod.uid',
  NODE_NAME: 'k8s.node.name',
  CONTAINER_NAME: 'k8s.container.name',
  SERVICE_ACCOUNT: 'k8s.service_account.name',
} as const

export type ResourceAttributes = Readonly<Record<string, string>>

/**
 * What holds unless the environment says otherwise: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are the SDK's to read,
 * and are merged over this. `service.namespace` and `service.instance.id` follow semconv's page on Kubernetes attributes.
 */
export function resourceAttributes(options: TelemetryOptions): ResourceAttributes {
  const { environment, sidecar, version, random } = options
  const attributes: Record<string, string> = { 'service.name': sidecar.name, 'service.version': version }
  const isPod = (environment.POD_NAME ?? '') !== ''
  for (const [variable, attribute] of Object.entries(DOWNWARD)) {
    const value = environment[variable] ?? ''
    if (isPod && value !== '') attributes[attribute] = value
  }
  const namespace = attributes['k8s.namespace.name']
  const place = [namespace, attributes['k8s.pod.name'], attributes['k8s.container.name']]
  if (namespace !== undefined) attributes['service.namespace'] = namespace
  attributes['service.instance.id'] = place.every((part) => part !== undefined) ? place.join('.') : randomUuid(random)
  return attributes
}

/** A UUID of version 4 (RFC 9562 §5.4). */
function randomUuid(random: Random): string {
  const digits = new Ids(random).traceId()
  const variant = '89ab'.charAt(Number.parseInt(digits.charAt(16), 16) & 3)
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`]
  return [...parts, `${variant}${digits.slice(17, 20)}`, digits.slice(20)].join('-')
}
