/** The schema of the injector's file. */
import type { Schema } from '../../core/policy.ts'
import { NAME, PORT } from '../../config/schema/common.ts'

/** `resource.Quantity` as people write it for cpu and memory. */
const QUANTITY: Schema = {
  type: 'string',
  pattern: '^([0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi)?)?$',
  expects: 'a quantity in quotes such as "100m" or "192Mi"',
}

/** As `iptables` takes them. */
const PORTS: Schema = {
  type: 'string',
  pattern: '^[0-9]{1,5}(-[0-9]{1,5})?$',
  expects: 'a port or a range in quotes such as "8080" or "8300-8400"',
}

const CIDR: Schema = {
  type: 'string',
  pattern: '^[0-9a-fA-F:.]+(/[0-9]{1,3})?$',
  expects: 'a block of addresses such as 10.0.0.0/8',
}

const IMAGE: Schema = { type: 'string', pattern: '^[^\\s]+$', expects: 'the name of an image' }

const ENVIRONMENT_NAMES = 'the text of a variable; numbers and true need quotes'

function object(properties: Readonly<Record<string, Schema>>, description: string): Schema {
  return { type: 'object', default: {}, description, properties }
}

function amount(request: string, limit: string): Schema {
  return object(
    { request: { ...QUANTITY, default: request }, limit: { ...QUANTITY, default: limit, description: '"": none.' } },
    'What the container asks for, and what it may take.',
  )
}

function list(items: Schema, ...standard: readonly string[]): Schema {
  return { type: 'array', items, default: standard }
}

/** A port may be a number here: quotes are for ranges. */
const PORT_OR_RANGE: Schema = { oneOf: [PORT, PORTS] }

function times(period: string, failures: number, timeout: string): Schema {
  return object(
    {
      period: { format: 'duration', minimum: '1s', default: period },
      failures: { type: 'integer', minimum: 1, default: failures },
      timeout: { format: 'duration', minimum: '1s', default: timeout },
    },
    'Whole seconds; parts are rounded up.',
  )
}

const PROXY: Schema = object(
  {
    uid: {
      type: 'integer',
      minimum: 1,
      maximum: 4_294_967_294,
      default: 19_765,
      description: 'No application may run as this.',
    },
    ports: object(
      {
        inbound: { ...PORT, default: 19_000 },
        outbound: { ...PORT, default: 19_001 },
        admin: { ...PORT, default: 19_002 },
        namedPorts: { ...PORT, default: 19_100, description: 'The first of the listeners in mode named-port.' },
      },
      'Where the sidecar listens.',
    ),
    cpu: amount('50m', '1'),
    memory: amount('96Mi', '192Mi'),
    logLevel: { type: 'string', enum: ['error', 'warn', 'info', 'debug'], default: 'info' },
    skipInboundPorts: list(PORT_OR_RANGE),
    skipOutboundPorts: list(PORT_OR_RANGE),
    skipOutboundCidrs: list(CIDR, '169.254.0.0/16', 'fd00:ec2::/32'),
    opaquePorts: list(PORT_OR_RANGE, '25', '587', '3306', '4444', '5432', '6379', '9300', '11211'),
    drainOnPreStop: { type: 'boolean', default: true, description: 'A preStop hook that begins to drain inbound.' },
    probes: object(
      {
        startup: times('1s', 60, '1s'),
        readiness: times('5s', 3, '1s'),
        liveness: times('10s', 6, '3s'),
      },
      "The sidecar's own.",
    ),
    env: { type: 'object', default: {}, additionalProperties: { type: 'string', expects: ENVIRONMENT_NAMES } },
  },
  'The sidecar.',
)

const INIT: Schema = object(
  {
    cpu: amount('10m', '1'),
    memory: amount('32Mi', '128Mi'),
    backend: { type: 'string', enum: ['auto', 'nft', 'legacy'], default: 'auto' },
    runAsRoot: { type: 'boolean', default: false, description: 'For runtimes that give file capabilities no effect.' },
  },
  'The init container that sets the rules of the firewall.',
)

export const SETTINGS: Schema = {
  type: 'object',
  description: 'The injector.',
  required: ['images'],
  properties: {
    images: {
      type: 'object',
      required: ['proxy'],
      properties: {
        proxy: IMAGE,
        init: { ...IMAGE, description: 'Required where interception is redirect.' },
        pullPolicy: { type: 'string', enum: ['Always', 'IfNotPresent', 'Never'], default: 'IfNotPresent' },
      },
    },
    interception: { type: 'string', enum: ['redirect', 'named-port', 'none'], default: 'redirect' },
    nativeSidecar: { type: 'string', enum: ['auto', 'always', 'never'], default: 'auto' },
    discovery: { type: 'string', enum: ['dns', 'endpointslice'], default: 'dns' },
    proxy: PROXY,
    init: INIT,
    policy: object(
      { configMap: { ...NAME, default: 'outrigger-policy' }, required: { type: 'boolean', default: false } },
      'The ConfigMap whose keys are the policy files.',
    ),
    app: object(
      {
        preStopSleep: { format: 'duration', maximum: '120s', default: '5s', description: '0s: none.' },
        rewriteProbes: { type: 'boolean', default: true },
      },
      "What is done to the application's containers.",
    ),
    imagePullSecrets: list(NAME),
  },
}
