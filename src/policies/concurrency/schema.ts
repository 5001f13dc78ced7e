/** The block `concurrency` as it stands in a file. */
import type { Schema } from '../../core/policy.ts'

const MOST = 1_000_000

export const schema: Schema = {
  type: 'object',
  description: 'A limit on the requests in flight to the application that finds itself from how long answers take.',
  properties: {
    algorithm: {
      type: 'string',
      enum: ['gradient'],
      description: 'gradient: the limit shrinks as answers take longer than they do without a queue, and else grows.',
      default: 'gradient',
    },
    min: {
      type: 'integer',
      description: 'The limit never falls below it.',
      minimum: 1,
      maximum: MOST,
      default: 4,
    },
    max: {
      type: 'integer',
      description: 'The limit never grows above it; a smaller one than min counts as min.',
      minimum: 1,
      maximum: MOST,
      default: 1000,
    },
  },
}
