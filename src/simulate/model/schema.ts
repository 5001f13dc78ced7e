/** What a model file may say, in the conventions of all our files (`core/policy.ts`). */
import type { Schema } from '../../core/policy.ts'

const time = (description: string, more: Partial<Schema> = {}): Schema => {
  return { format: 'duration', minimum: '0s', maximum: '24h', description, ...more }
}

/** How long an upstream works on a request. */
const LATENCY: Schema = {
  description: 'how long an upstream works on a request',
  oneOf: [
    time('always the same'),
    { type: 'array', minItems: 1, items: time('one of these, each as likely'), description: 'measured values' },
    {
      type: 'object',
      description: 'log-normal, by two of its percentiles',
      properties: { p50: time('half are faster', { minimum: '0.001ms' }), p99: time('99 of 100 are faster') },
      required: ['p50', 'p99'],
    },
    {
      type: 'object',
      description: 'anything between',
      properties: { from: time('the least'), to: time('the most') },
      required: ['from', 'to'],
    },
    {
      type: 'object',
      description: 'usually this, rarely that',
      properties: {
        usual: time('what most take'),
        rare: time('what the others take'),
        share: { format: 'percentage', description: 'how many take `rare`' },
      },
      required: ['usual', 'rare', 'share'],
    },
  ],
}

const STATUS: Schema = { type: 'integer', minimum: 200, maximum: 599, description: 'HTTP status of the answer' }

const FAILURE: Schema = {
  type: 'object',
  description: 'what is different for a while; of several that hold, the first whose share falls on the request',
  properties: {
    from: time('when it begins'),
    until: time('when it is over'),
    share: { format: 'percentage', default: '100%', description: 'of the requests' },
    endpoint: { format: 'address', description: 'of this endpoint only' },
    latency: LATENCY,
    status: STATUS,
    grpc: { type: 'integer', minimum: 0, maximum: 16, description: 'gRPC status of the answer' },
    fail: {
      oneOf: [{ enum: ['reset', 'refuse', 'silent', 'blackhole'] }],
      description:
        'no answer: the connection breaks, is refused, stays silent behind the request, or does not come about',
    },
  },
  required: ['from', 'until'],
}

const CALLER: Record<string, Schema> = {
  patience: time('after which it gives up', { minimum: '1ms' }),
  client: {
    type: 'object',
    description: 'how its HTTP client tries again by itself',
    properties: {
      timeout: time('of each try', { minimum: '1ms' }),
      attempts: { type: 'integer', minimum: 1, maximum: 10, default: 1, description: 'tries, the first included' },
      backoff: {
        type: 'object',
        description: 'the wait before the next try: base · growth to the power of the tries made, at most max',
        properties: {
          base: time('', { default: '0s' }),
          max: time('', { default: '1s' }),
          growth: { type: 'number', minimum: 1, maximum: 10, default: 1.5 },
        },
        default: {},
      },
    },
    default: {},
  },
}

const WHAT: Record<string, Schema> = {
  url: {
    type: 'string',
    description: 'a path: a request to our application. http://SERVICE/…: one of our application to that service',
  },
  method: { type: 'string', pattern: '^[A-Z][A-Z-]*$', expects: 'a method such as GET', default: 'GET' },
  headers: { type: 'object', additionalProperties: { type: 'string' }, default: {} },
  body: { format: 'size', minimum: '0B', maximum: '64MiB', default: '0B', description: 'bytes of request body' },
  grpc: { type: 'boolean', default: false, description: 'a gRPC call; the method is POST' },
}

const SERVER: Record<string, Schema> = {
  latency: { ...LATENCY, default: '1ms' },
  status: { ...STATUS, default: 200 },
  slots: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'requests at once; absent: any number' },
  queue: { type: 'integer', minimum: 0, description: 'requests that may wait for a slot; absent: any number' },
  noticesLeaving: { type: 'boolean', default: true, description: 'stops working for a client that has left' },
  failures: { type: 'array', items: FAILURE, default: [] },
}

export const MODEL: Schema = {
  type: 'object',
  properties: {
    kind: { enum: ['Model'] },
    name: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', expects: 'a name of a-z, 0-9, - and .' },
    seed: { type: 'integer', minimum: 0, maximum: 4_294_967_295, default: 1 },
    start: { type: 'string', default: '2026-01-01T00:00:00Z', description: 'wall time at the start' },
    duration: time('how long requests come', { minimum: '1s' }),
    phases: {
      type: 'array',
      description: 'parts of the time that are reported each for itself',
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, until: time('when it ends') },
        required: ['name', 'until'],
      },
      default: [],
    },
    requests: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          ...WHAT,
          rate: { format: 'rate' },
          arrival: { oneOf: [{ enum: ['even', 'poisson'] }], default: 'even' },
          from: time('the first comes', { default: '0s' }),
          until: time('no more come'),
          peer: { type: 'string', default: '127.0.0.1', description: 'the address it comes from' },
          deadline: time('what it says in x-outrigger-timeout-ms', { minimum: '1ms' }),
          ...CALLER,
        },
        required: ['name', 'url', 'rate'],
      },
    },
    application: {
      type: 'object',
      description: 'the service we stand beside',
      properties: {
        ...SERVER,
        noticesLeaving: { ...(SERVER['noticesLeaving'] as Schema), default: false },
        calls: {
          type: 'array',
          description: 'what it asks of others before it answers, one after the other',
          items: {
            type: 'object',
            properties: {
              methods: { type: 'array', items: { type: 'string' }, default: [], description: 'for requests of these' },
              ...WHAT,
              ...CALLER,
            },
            required: ['url'],
          },
          default: [],
        },
      },
      default: {},
    },
    services: {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'string' }, ...SERVER }, required: ['name'] },
      default: [],
    },
  },
  required: ['kind', 'name', 'duration', 'requests'],
}
