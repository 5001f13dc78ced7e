/** The block `fault` as it stands in a file. */
import type { Schema } from '../../core/policy.ts'

export const schema: Schema = {
  type: 'object',
  description: 'Failures made on purpose, to see what comes of real ones. It needs an end.',
  required: ['percent', 'until'],
  properties: {
    percent: {
      type: 'string',
      format: 'percentage',
      description: 'Of the attempts or requests.',
      examples: ['5%'],
    },
    delay: {
      type: 'string',
      format: 'duration',
      description: 'They wait so long first.',
      minimum: '1ms',
      maximum: '24h',
    },
    abort: {
      type: 'object',
      description: 'Then they are answered by us, and go no further.',
      required: ['status'],
      properties: {
        status: {
          type: 'integer',
          description: 'Of HTTP; a gRPC call gets the gRPC status that clients make of it.',
          minimum: 400,
          maximum: 599,
        },
      },
    },
    at: {
      type: 'string',
      enum: ['attempt', 'request'],
      description: 'attempt: where the upstream would fail, so that all policies meet it; request: before any of them.',
      default: 'attempt',
    },
    until: {
      type: 'string',
      format: 'time',
      description: 'When it ends, by itself.',
      examples: ['2026-12-31T00:00:00Z'],
    },
  },
}
