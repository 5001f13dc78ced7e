/** The block `rateLimit` as it stands in a file. */
import type { Schema } from '../../core/policy.ts'

export const schema: Schema = {
  type: 'object',
  description: 'Bounds the requests per time, for all together or for each key.',
  required: ['rate'],
  properties: {
    rate: {
      type: 'string',
      format: 'rate',
      description: 'Requests per time in the long run.',
      minimum: '1/h',
      maximum: '1000000/s',
      examples: ['100/s'],
    },
    burst: {
      type: 'integer',
      description: 'Requests at once after a rest. Left out: those of one second, at least 1.',
      minimum: 1,
      maximum: 1_000_000,
    },
    key: {
      type: 'array',
      description:
        'What has a bucket of its own: one composite key of source, path (the pattern of the route) and header:NAME. ' +
        'Empty: all requests share one bucket.',
      items: {
        type: 'string',
        pattern: "^(source|path|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+)$",
        expects: 'source, path or header:NAME',
      },
      default: [],
    },
    scope: {
      type: 'string',
      enum: ['replica', 'fleet'],
      description:
        'replica: each sidecar by itself; fleet: each grants its share of the rate, by the number of replicas.',
      default: 'replica',
    },
    replicas: {
      type: 'integer',
      description: 'How many sidecars share the rate; with scope: fleet.',
      minimum: 1,
      maximum: 100_000,
    },
  },
}
