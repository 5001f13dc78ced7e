/** `kind: Sidecar`: who we are, where we listen, whom we believe. */
import type { Schema } from '../../core/policy.ts'
import { FIELD_NAME, HEAD, PEM_FILE } from './common.ts'

const CIDRS: Schema = { type: 'array', items: { type: 'string', expects: 'a block of addresses such as 10.0.0.0/8' } }

const TLS: Schema = {
  type: 'object',
  description: 'Terminates TLS 1.2 and 1.3; absent: plain text. The files are read again when they change.',
  required: ['cert', 'key'],
  properties: {
    cert: { ...PEM_FILE, description: 'Our certificate first, then those it was issued by.' },
    key: { ...PEM_FILE, description: "The certificate's private key." },
    clientCa: { ...PEM_FILE, description: 'Who may issue the certificates of clients; absent: none is asked for.' },
    clientAuth: {
      type: 'string',
      enum: ['require', 'permit'],
      default: 'require',
      description: 'permit: a client may have no certificate; one that it shows has to be good.',
    },
  },
}

const INBOUND: Schema = {
  type: 'object',
  description: 'Other services → us → our application; one entry per application port.',
  required: ['app'],
  properties: {
    listen: { format: 'address', default: '0.0.0.0:19000', description: 'Port 0 takes any free port.' },
    app: {
      description: 'Where the application listens; original: redirected connections go where they were going.',
      oneOf: [
        { format: 'address', minimum: 1 },
        { type: 'string', enum: ['original'] },
      ],
    },
    protocol: {
      description: 'Towards the application; auto: as the client came; tcp: bytes, which no policy looks into.',
      default: 'auto',
      type: 'string',
      enum: ['auto', 'http1', 'http2', 'tcp'],
    },
    tls: TLS,
  },
}

const OUTBOUND: Schema = {
  type: 'object',
  description: 'Our application → us → other services.',
  properties: {
    listen: { format: 'address', default: '127.0.0.1:19001', description: 'Port 0 takes any free port.' },
    transparent: {
      type: 'boolean',
      default: false,
      description: 'Connections come by redirect (docs/interception.md), each with its original destination.',
    },
    unknownHosts: {
      type: 'string',
      enum: ['refuse', 'passthrough'],
      description:
        'refuse (the default): 404 route_not_found; passthrough (the default where transparent is true): by DNS, transparent to the original destination.',
    },
  },
}

const TRUST: Schema = {
  type: 'object',
  default: {},
  description: 'Who may tell us things in headers.',
  properties: {
    peers: {
      ...CIDRS,
      default: [],
      description: 'From these only are x-forwarded-*, x-outrigger-* and deadlines honoured.',
    },
    sourceHeader: { ...FIELD_NAME, description: 'The header in which a trusted peer names who calls.' },
    sources: {
      type: 'object',
      default: {},
      description: 'Names usable as source.',
      additionalProperties: { type: 'object', required: ['cidr'], properties: { cidr: CIDRS } },
    },
  },
}

const LIMITS: Schema = {
  type: 'object',
  default: {},
  properties: {
    maxHeaderBytes: { format: 'size', minimum: '1B', default: '64KiB', description: 'Of one header section.' },
    maxHeaders: { type: 'integer', minimum: 1, default: 200 },
    maxConnections: { type: 'integer', minimum: 1, default: 10_000 },
    maxRequestBytes: { format: 'size', words: { none: null }, default: 'none', description: 'Of one request body.' },
    maxReplayBytes: {
      format: 'size',
      default: '32MiB',
      description: 'Of all bodies held for retries and for idempotency keys while they come, together.',
    },
    maxCacheBytes: {
      format: 'size',
      default: '32MiB',
      description: 'Of all copies held for cached fallbacks, together.',
    },
    headTimeout: { format: 'duration', default: '10s', description: 'Until a request head is whole.' },
    idleTimeout: { format: 'duration', default: '5m', description: 'Of a client connection between requests.' },
  },
}

const DRAIN: Schema = {
  type: 'object',
  default: {},
  properties: {
    wait: { format: 'duration', default: '5s', description: 'Between readiness off and the end of accepting.' },
    timeout: { format: 'duration', default: '8s', description: 'From the signal on, wait included.' },
  },
}

const ACCESS_LOG: Schema = {
  type: 'object',
  default: {},
  properties: {
    format: { type: 'string', enum: ['json', 'text', 'none'], default: 'json' },
    sample: { format: 'percentage', default: '100%' },
    output: {
      type: 'string',
      pattern: '^(stdout|stderr|.*/.*)$',
      expects: 'stdout, stderr or the path of a file such as ./access.log (for no log at all write format: none)',
      default: 'stdout',
    },
  },
}

const TRACING: Schema = {
  type: 'object',
  default: {},
  description: 'Exporter and endpoint come from the OTEL_* environment.',
  properties: {
    sample: { format: 'percentage', default: '1%' },
    propagators: {
      type: 'array',
      items: { type: 'string', enum: ['tracecontext', 'baggage', 'b3'] },
      default: ['tracecontext', 'baggage', 'b3'],
    },
    tail: {
      type: 'object',
      description: 'What is exported at its end although `sample` left it out; absent: nothing.',
      properties: {
        errors: { type: 'boolean', default: true, description: 'What failed on our side of the client.' },
        slowerThan: { format: 'duration', description: 'Absent: no request counts as slow.' },
      },
    },
  },
}

const METRICS: Schema = {
  type: 'object',
  default: {},
  properties: {
    idle: {
      format: 'duration',
      minimum: '1m',
      default: '1h',
      description: 'A series that nothing was counted in for so long leaves.',
    },
    compatibility: {
      type: 'array',
      items: { type: 'string', enum: ['istio'] },
      default: [],
      description: 'Other meshes whose metrics are told, too, as far as we know what they say.',
    },
  },
}

export const SIDECAR: Schema = {
  type: 'object',
  description: 'Who we are, where we listen, whom we believe. At most one; the flags of `run` win over it.',
  required: ['name'],
  properties: {
    ...HEAD,
    inbound: { type: 'array', items: INBOUND, default: [] },
    outbound: OUTBOUND,
    admin: {
      type: 'object',
      default: {},
      properties: { listen: { format: 'address', default: '127.0.0.1:19002' } },
    },
    trust: TRUST,
    limits: LIMITS,
    drain: DRAIN,
    accessLog: ACCESS_LOG,
    tracing: TRACING,
    metrics: METRICS,
  },
}
