/**
 * The annotations `outrigger.dev/…` of pods and namespaces: one table, from which the reader, the docs and the schema are
 * made. Each key stands for itself, so that one on a pod takes nothing from those on its namespace.
 */
import { PORTS_LIST } from './annotation-values.ts'

export interface Annotation {
  /** Without the domain. */
  readonly name: AnnotationName
  /** What it must look like: a regular expression, whole. */
  readonly pattern: string
  /** The same in words, as it stands after "must be". */
  readonly expects: string
  readonly example: string
  /** One sentence for the docs. */
  readonly description: string
}

export type AnnotationName =
  | 'name'
  | 'app-ports'
  | 'protocol'
  | 'skip-inbound'
  | 'skip-outbound'
  | 'skip-outbound-cidrs'
  | 'cpu'
  | 'memory'
  | 'log-level'
  | 'native-sidecar'
  | 'policy'
  | 'app-prestop-sleep'
  | 'interception'

const QUANTITY = '[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi)?'
const LABEL = '[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?'

export const ANNOTATIONS: readonly Annotation[] = [
  {
    name: 'name',
    pattern: `^${LABEL}$`,
    expects: "lower-case letters, digits, '-' and '.'",
    example: 'orders',
    description: "What the sidecar is called, for `match.workload`; default: the name of the pod's workload.",
  },
  {
    name: 'app-ports',
    pattern: PORTS_LIST,
    expects: 'ports with commas between them',
    example: '8080,9090',
    description: "The application's ports; default: those its containers declare.",
  },
  {
    name: 'protocol',
    pattern: '^[0-9]{1,5}=[a-z0-9./-]+(,[0-9]{1,5}=[a-z0-9./-]+)*$',
    expects: 'PORT=PROTOCOL with commas between them',
    example: '8080=http,5432=tcp',
    description: 'What is spoken on a port, where its name does not say so: `http`, `grpc`, `tcp` and so on.',
  },
  {
    name: 'skip-inbound',
    pattern: `^$|${PORTS_LIST}`,
    expects: 'ports or ranges with commas between them',
    example: '9100,8300-8400',
    description: 'Ports on which connections come to the application past the sidecar.',
  },
  {
    name: 'skip-outbound',
    pattern: `^$|${PORTS_LIST}`,
    expects: 'ports or ranges with commas between them',
    example: '3306',
    description: 'Destination ports that connections leave to past the sidecar.',
  },
  {
    name: 'skip-outbound-cidrs',
    pattern: '^$|^[0-9a-fA-F:.]+(/[0-9]{1,3})?(,[0-9a-fA-F:.]+(/[0-9]{1,3})?)*$',
    expects: 'blocks of addresses with commas between them',
    example: '169.254.0.0/16,10.9.0.0/16',
    description: "Destinations that connections leave to past the sidecar, instead of the injector's list.",
  },
  {
    name: 'cpu',
    pattern: `^${QUANTITY}(/${QUANTITY})?$`,
    expects: 'REQUEST or REQUEST/LIMIT',
    example: '100m/500m',
    description: 'What the sidecar asks for and may take; a request over the limit raises it.',
  },
  {
    name: 'memory',
    pattern: `^${QUANTITY}(/${QUANTITY})?$`,
    expects: 'REQUEST or REQUEST/LIMIT',
    example: '128Mi/256Mi',
    description: 'The same of memory.',
  },
  {
    name: 'log-level',
    pattern: '^(error|warn|info|debug)$',
    expects: 'error, warn, info or debug',
    example: 'debug',
    description: "The level of the sidecar's own log.",
  },
  {
    name: 'native-sidecar',
    pattern: '^(auto|true|false)$',
    expects: 'auto, true or false',
    example: 'false',
    description:
      'Whether the sidecar is an init container that goes on (Kubernetes 1.29) or a container beside the others.',
  },
  {
    name: 'policy',
    pattern: `^${LABEL}$`,
    expects: 'the name of a ConfigMap',
    example: 'orders-policy',
    description: 'The ConfigMap whose keys are the policy files.',
  },
  {
    name: 'app-prestop-sleep',
    pattern: '^[0-9]{1,3}s$',
    expects: 'whole seconds such as 5s',
    example: '10s',
    description: 'How long containers without a preStop hook go on before they are told to stop; `0s`: not at all.',
  },
  {
    name: 'interception',
    pattern: '^(redirect|named-port|none)$',
    expects: 'redirect, named-port or none',
    example: 'named-port',
    description: 'How traffic gets to the sidecar.',
  },
]
