/** The block `outlier` as it stands in a file. */
import type { Schema } from '../../core/policy.ts'

export const schema: Schema = {
  type: 'object',
  description:
    'Sets one bad endpoint aside and asks it carefully whether it is well again; not the breaker of the service.',
  default: {},
  properties: {
    consecutive: {
      type: 'integer',
      minimum: 1,
      maximum: 100_000,
      default: 5,
      description:
        'Failures in a row, which only a success ends, never a timer. 80 % of at least 10 calls in 10 s do it too.',
    },
    ejectFor: {
      type: 'string',
      format: 'duration',
      minimum: '1ms',
      maximum: '24h',
      default: '30s',
      description: 'The first time; n times as long the n-th time, up to 5m or this, whichever is more.',
    },
    maxEjected: {
      type: 'string',
      format: 'percentage',
      minimum: '0%',
      maximum: '100%',
      default: '50%',
      description: 'Of the endpoints: rounded down, but one may always go where there are two, and one always stays.',
    },
    jitter: {
      type: 'string',
      format: 'percentage',
      minimum: '0%',
      maximum: '100%',
      default: '20%',
      description: 'Spread around that time, so that many sidecars do not ask in step.',
    },
  },
}
