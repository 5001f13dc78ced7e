/** `kind: Service`: a destination. */
import type { Schema } from '../../core/policy.ts'
import { FIELD_NAME, HEAD, NAME, PEM_FILE, PORT } from './common.ts'

const ENDPOINT: Schema = {
  oneOf: [
    { format: 'address', minimum: 1 },
    {
      type: 'object',
      required: ['address'],
      properties: {
        address: { format: 'address', minimum: 1, description: 'IPv6 is quoted.' },
        weight: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 1 },
      },
    },
  ],
}

const DNS: Schema = {
  type: 'object',
  description: 'Endpoints from getaddrinfo, with search domains.',
  required: ['name', 'port'],
  properties: {
    name: { type: 'string', expects: 'a host name' },
    port: PORT,
    refresh: { format: 'duration', default: '10s' },
  },
}

const KUBERNETES: Schema = {
  type: 'object',
  description: 'Endpoints from the Kubernetes API: the EndpointSlices of a Service are watched.',
  required: ['service', 'port'],
  properties: {
    service: {
      type: 'string',
      pattern: '^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$',
      expects: 'the name of a Service such as inventory',
    },
    namespace: {
      type: 'string',
      pattern: '^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$',
      expects: 'the name of a namespace such as shop',
      default: '',
      description: "Where it is; default: the pod's own.",
    },
    port: {
      description: "The name of the Service's port, or the number on which its pods listen.",
      oneOf: [
        { type: 'integer', minimum: 1, maximum: 65_535 },
        { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$', expects: 'the name of a port such as http' },
      ],
    },
  },
}

const CONNECTIONS: Schema = {
  type: 'object',
  default: {},
  properties: {
    maxPerEndpoint: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 256 },
    idle: { format: 'duration', default: '4s', description: 'An idle connection is closed after this.' },
    maxAge: {
      format: 'duration',
      default: '10m',
      description:
        'A connection this old, less up to a tenth by chance, takes no further request and ends after its last.',
    },
    http2Streams: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 100,
      description: 'Streams on one HTTP/2 connection at most; the endpoint may allow fewer.',
    },
  },
}

const LOAD_BALANCING: Schema = {
  type: 'object',
  description: 'Which endpoint takes an attempt.',
  default: {},
  properties: {
    algorithm: {
      type: 'string',
      enum: ['ewma', 'leastRequest', 'roundRobin', 'random', 'hash'],
      default: 'ewma',
      description:
        'ewma: of two by chance the one that answers faster, by requests in flight; leastRequest: the one with fewer ' +
        'in flight; hash: the same header value, the same endpoint.',
    },
    hashOn: {
      type: 'string',
      pattern: `^header:${FIELD_NAME.pattern?.slice(1)}`,
      expects: 'header: and a header name, such as "header:x-user"',
      description: 'What hash picks by. A request without it goes where leastRequest says.',
    },
  },
}

const HEALTH_CHECK: Schema = {
  type: 'object',
  description: 'Asks each endpoint how it is, and picks none that fails. Exactly one of path and grpc.',
  properties: {
    path: {
      type: 'string',
      pattern: '^/[!"$-~]*$',
      expects: 'a path such as /healthz',
      description: 'GET; any 2xx is well.',
    },
    grpc: {
      type: 'object',
      description: 'grpc.health.v1.Health/Check; SERVING is well, and so is a server without that service.',
      properties: {
        service: {
          type: 'string',
          default: '',
          description: "Whose health is asked for; '' the server's as a whole.",
        },
      },
    },
    interval: {
      format: 'duration',
      minimum: '100ms',
      default: '5s',
      description: 'From one check of an endpoint to its next, give or take a tenth.',
    },
    timeout: { format: 'duration', default: '1s', description: 'For one check, connecting included.' },
    healthy: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 2,
      description: 'Checks in a row that must pass before an endpoint that is out comes back.',
    },
    unhealthy: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 3,
      description: 'Checks in a row that must fail before an endpoint is picked no more.',
    },
  },
}

const TLS: Schema = {
  type: 'object',
  description: 'TLS 1.2 and 1.3 towards the endpoints; absent: plain text. The files are read again when they change.',
  properties: {
    ca: { ...PEM_FILE, description: "Whom to believe; absent: the system's roots." },
    serverName: {
      type: 'string',
      expects: 'a host name or an IP address, without a port',
      description:
        "What the endpoint's certificate must name; default: the name under dns, SERVICE.NAMESPACE.svc where kubernetes states both, or the endpoint's host.",
    },
    cert: { ...PEM_FILE, description: 'The certificate we show, together with key.' },
    key: PEM_FILE,
  },
}

export const SERVICE: Schema = {
  type: 'object',
  description: 'A destination: what clients call it and where it is. Exactly one of endpoints, dns and kubernetes.',
  required: ['name'],
  properties: {
    ...HEAD,
    hosts: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', expects: 'a host such as inventory, "*.shop.test" or inventory:8080' },
      description: 'What clients call it; default [name].',
    },
    endpoints: { type: 'array', items: ENDPOINT },
    dns: DNS,
    kubernetes: KUBERNETES,
    protocol: {
      type: 'string',
      enum: ['auto', 'http1', 'http2'],
      default: 'auto',
      description: 'auto: as the client came; with tls, what the endpoint chooses (ALPN).',
    },
    hostHeader: { type: 'string', default: 'keep', expects: 'keep, endpoint or a host name' },
    tls: TLS,
    sidecar: {
      type: 'boolean',
      default: false,
      description: 'The peer runs one of us: its x-outrigger-* and Proxy-Status are believed and passed on.',
    },
    propagate: {
      type: 'string',
      enum: ['all', 'trace', 'none'],
      default: 'all',
      description: 'trace: no baggage, no x-outrigger-*; none: for third parties.',
    },
    loadBalancing: LOAD_BALANCING,
    connections: CONNECTIONS,
    healthCheck: HEALTH_CHECK,
  },
}

export const SERVICE_NAME_OR_STAR: Schema = {
  type: 'string',
  pattern: `^\\*$|${NAME.pattern}`,
  expects: 'the name of a Service, or "*"',
}
