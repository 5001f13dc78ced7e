/** The block `breaker` as it stands in a file. */
import type { Schema } from '../../core/policy.ts'

const MINIMUM_CALLS: Schema = {
  type: 'integer',
  description: 'Calls in the window before any rate is judged; in a count window at most its size.',
  minimum: 1,
  maximum: 100_000,
  default: 20,
}

const WINDOW: Schema = {
  description: 'What the rates are taken over: the last so many calls, or the calls of the last so many seconds.',
  default: {},
  oneOf: [
    {
      type: 'object',
      properties: {
        type: { type: 'string', enum: ['count'], description: 'The last `size` calls.', default: 'count' },
        size: {
          type: 'integer',
          description: 'Calls; what is older than 10 minutes is forgotten.',
          minimum: 1,
          maximum: 100_000,
          default: 100,
        },
        minimumCalls: MINIMUM_CALLS,
      },
    },
    {
      type: 'object',
      required: ['type', 'size'],
      properties: {
        type: { type: 'string', enum: ['time'], description: 'The calls of the last `size`.' },
        size: {
          type: 'string',
          format: 'duration',
          description: 'How far back, in buckets of one second.',
          minimum: '1s',
          maximum: '1h',
          examples: ['10s'],
        },
        minimumCalls: MINIMUM_CALLS,
      },
    },
  ],
}

const SLOW_CALL: Schema = {
  type: 'object',
  description: 'Also trips when too many calls are slow, even if they succeed. Left out, slowness is not judged.',
  required: ['threshold'],
  properties: {
    threshold: {
      type: 'string',
      format: 'duration',
      description: 'From the start of an attempt to its response head; from here on it is slow.',
      minimum: '1ms',
      maximum: '24h',
      examples: ['1s'],
    },
    rate: {
      type: 'string',
      format: 'percentage',
      description: 'Share of slow calls that trips.',
      minimum: '0.1%',
      maximum: '100%',
      default: '80%',
    },
  },
}

const OPEN: Schema = {
  type: 'object',
  description: 'How long it refuses before it asks again.',
  default: {},
  properties: {
    base: {
      type: 'string',
      format: 'duration',
      description: 'The first time; doubled each time the probes fail.',
      minimum: '1ms',
      maximum: '24h',
      default: '5s',
    },
    max: {
      type: 'string',
      format: 'duration',
      description: 'Where the doubling stops; a larger base wins.',
      minimum: '1ms',
      maximum: '24h',
      default: '30s',
    },
    jitter: {
      type: 'string',
      format: 'percentage',
      description: 'Spread around that time, so that many sidecars do not ask in step.',
      minimum: '0%',
      maximum: '100%',
      default: '20%',
    },
  },
}

const HALF_OPEN: Schema = {
  type: 'object',
  description: 'How it asks: so many requests are let through, the rest is refused until they are answered.',
  default: {},
  properties: {
    probes: {
      type: 'integer',
      description: 'Requests let through; their rates decide between closed and open.',
      minimum: 1,
      maximum: 100_000,
      default: 5,
    },
    maxWait: {
      type: 'string',
      format: 'duration',
      description: 'How long it waits for them; a probe without a response head by then counts as failed.',
      minimum: '1ms',
      maximum: '24h',
      default: '10s',
    },
  },
}

export const schema: Schema = {
  type: 'object',
  description: 'Refuses at once while the service keeps failing (closed = passing, open = refusing).',
  required: ['scope'],
  properties: {
    scope: {
      type: 'string',
      enum: ['service', 'route', 'endpoint'],
      description: 'What one breaker stands for. Required, because everybody guesses differently.',
    },
    window: WINDOW,
    failureRate: {
      type: 'string',
      format: 'percentage',
      description: 'Share of failed calls that trips.',
      minimum: '0.1%',
      maximum: '100%',
      default: '50%',
    },
    slowCall: SLOW_CALL,
    open: OPEN,
    halfOpen: HALF_OPEN,
    failures: {
      type: 'array',
      description: 'Outcomes that count as failures; refusals of our own and 4xx never do unless a status is named.',
      minItems: 1,
      items: { type: 'string', format: 'outcome' },
      default: [
        '5xx',
        'connect_failure',
        'upstream_reset',
        'timeout',
        'grpc:UNAVAILABLE',
        'grpc:DEADLINE_EXCEEDED',
        'grpc:INTERNAL',
        'grpc:UNKNOWN',
        'grpc:DATA_LOSS',
      ],
    },
  },
}
