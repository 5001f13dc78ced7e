/** The block `retry` as it stands in a file. */
import type { Schema } from '../../core/policy.ts'

const when: Schema = {
  type: 'array',
  items: { format: 'outcome' },
  default: ['connect_failure', 'upstream_reset', '503', 'grpc:UNAVAILABLE'],
  description: 'What is worth another attempt: reasons, `timeout`, `5xx`, statuses, ranges such as 502-504, grpc:NAME.',
}

const backoff: Schema = {
  type: 'object',
  default: {},
  description: 'The wait before retry n: min(max, (2^n - 1) x base), jittered. A Retry-After of the answer wins.',
  properties: {
    base: { format: 'duration', minimum: '1ms', maximum: '24h', default: '25ms', description: 'Of the first retry.' },
    max: { format: 'duration', minimum: '1ms', maximum: '24h', default: '250ms', description: 'Of any retry.' },
    jitter: {
      type: 'string',
      enum: ['full', 'equal', 'none'],
      default: 'full',
      description: 'full: anything from 0 up to the wait; equal: its half and anything up to it; none: exactly it.',
    },
  },
}

const budget: Schema = {
  type: 'object',
  default: {},
  description:
    'How many retries one service bears: in each window max(percent x first attempts, minPerSecond x window). Shared by ' +
    'all routes of the service that meet this statement.',
  properties: {
    percent: {
      format: 'percentage',
      minimum: '0%',
      maximum: '100%',
      default: '20%',
      description: 'Of first attempts.',
    },
    window: {
      format: 'duration',
      minimum: '1s',
      maximum: '60s',
      default: '10s',
      description: 'What is looked back on.',
    },
    minPerSecond: {
      type: 'number',
      minimum: 0,
      maximum: 1_000_000,
      default: 1,
      description: 'Retries per second that are allowed whatever the traffic. Counted per sidecar.',
    },
  },
}

export const schema: Schema = {
  type: 'object',
  default: {},
  description: 'Sends a request again where that is safe and likely to help.',
  properties: {
    max: {
      type: 'integer',
      minimum: 0,
      maximum: 10,
      default: 0,
      description: 'Retries in addition to the first attempt.',
    },
    when,
    methods: {
      type: 'string',
      enum: ['idempotent', 'keyed', 'any'],
      default: 'idempotent',
      description:
        'What may be repeated once it may have reached the upstream: idempotent methods; those and whatever carries an ' +
        'Idempotency-Key; anything (needs `unsafe: true`).',
    },
    unsafe: {
      type: 'boolean',
      default: false,
      description: 'Confirms that `methods: any` may carry a write out twice.',
    },
    backoff,
    budget,
    maxBodyBytes: {
      format: 'size',
      maximum: '16MiB',
      default: '64KiB',
      description: 'Bytes of request body kept for another attempt; a longer body goes through, but only once.',
    },
  },
}
