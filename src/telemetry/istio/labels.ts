/** The labels of Istio's standard metrics, as far as a sidecar without a control plane can fill them. */
// cold file: runs once per scrape
import type { Labels } from '../families/family.ts'
import type { RouteRows } from '../route-rows.ts'

/** What Istio writes where it does not know. */
const UNKNOWN = 'unknown'

/** Who we are. */
export interface Self {
  /** Of the Sidecar document. */
  readonly name: string
  /** '' outside of a cluster. */
  readonly namespace: string
}

/** Where it went. */
export type Destination = Pick<RouteRows, 'direction' | 'service'>

/** What one of our rows says of its exchanges. */
export interface Told {
  readonly protocol: 'http' | 'grpc'
  /** As text; `0` where the client got no answer. */
  readonly code: string
  readonly flags: string
  /** '' for HTTP. */
  readonly grpcStatus: string
  /** The client came without TLS, as far as that is counted. */
  readonly plain: boolean
}

const IN_CLUSTER = /^[^.]+\.([^.]+)\.svc(?:\.|$)/

/** `hosts` are those of the destination's Service, for its namespace. */
export function istioLabels(self: Self, rows: Destination, hosts: readonly string[], told: Told | undefined): Labels {
  const inbound = rows.direction === 'inbound'
  const ours = { workload: self.name, namespace: self.namespace === '' ? UNKNOWN : self.namespace }
  const theirs = { workload: UNKNOWN, namespace: UNKNOWN }
  const host = hosts.find((name) => IN_CLUSTER.test(name))
  const service = inbound ? self.name : rows.service === '' ? UNKNOWN : rows.service
  return {
    reporter: inbound ? 'destination' : 'source',
    ...side('source', inbound ? theirs : ours),
    ...side('destination', inbound ? ours : { ...theirs, service }),
    destination_service: host ?? service,
    destination_service_name: service,
    destination_service_namespace: inbound ? ours.namespace : (IN_CLUSTER.exec(host ?? '')?.[1] ?? UNKNOWN),
    ...(told === undefined ? {} : answered(told, inbound)),
  }
}

interface Side {
  readonly workload: string
  readonly namespace: string
  /** The Service's name, where that is all we know of who answers. */
  readonly service?: string
}

function side(of: 'source' | 'destination', { workload, namespace, service }: Side): Labels {
  return {
    [`${of}_workload`]: workload,
    [`${of}_workload_namespace`]: namespace,
    [`${of}_app`]: workload,
    [`${of}_canonical_service`]: service ?? workload,
    [`${of}_canonical_revision`]: UNKNOWN,
    [`${of}_version`]: UNKNOWN,
    [`${of}_principal`]: UNKNOWN,
    [`${of}_cluster`]: UNKNOWN,
  }
}

function answered({ protocol, code, flags, grpcStatus, plain }: Told, inbound: boolean): Labels {
  return {
    request_protocol: protocol,
    response_code: code,
    response_flags: flags,
    grpc_response_status: grpcStatus,
    // Whether the client of a TLS connection showed a certificate is not counted.
    connection_security_policy: inbound && plain ? 'none' : UNKNOWN,
  }
}
