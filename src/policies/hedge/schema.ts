/** The block `hedge` as it stands in a file. */
import type { Schema } from '../../core/policy.ts'

export const schema: Schema = {
  type: 'object',
  description:
    'A second attempt, at another endpoint, beside a first one that takes long; the first good answer wins and the other ' +
    'attempt is cancelled. Instead of retry.',
  properties: {
    after: {
      format: 'duration',
      minimum: '1ms',
      maximum: '24h',
      // Below 1, which no duration is: a share of the answers.
      words: { p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p98: 0.98, p99: 0.99, 'p99.5': 0.995, 'p99.9': 0.999 },
      default: 'p95',
      description:
        'How long an attempt may take to the head of its answer before another is sent: a duration, or a percentile of what ' +
        'first attempts took of late. A percentile holds from 100 answers on; before that nothing is hedged.',
    },
    maxExtra: {
      type: 'integer',
      minimum: 1,
      maximum: 5,
      default: 1,
      description: 'Attempts in addition to the first, each `after` later than the one before.',
    },
    budget: {
      format: 'percentage',
      minimum: '0%',
      maximum: '100%',
      default: '5%',
      description: 'Hedges that may be sent, of the requests of the last 10s that may be hedged. One per service.',
    },
    methods: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Z-]+$", expects: 'a method such as GET' },
      default: ['GET', 'HEAD', 'OPTIONS'],
      description:
        'What is hedged. Of these, what is neither idempotent nor a gRPC call only where it carries an Idempotency-Key.',
    },
  },
}
