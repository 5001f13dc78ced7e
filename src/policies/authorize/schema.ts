/** The block `authorize` as it stands in a file. */
import type { Schema } from '../../core/policy.ts'

export const schema: Schema = {
  type: 'object',
  description: 'Who may call what: what no entry allows is refused.',
  required: ['allow'],
  properties: {
    allow: {
      type: 'array',
      description: 'Alternatives; all that one entry states must hold. An empty list allows nothing.',
      items: {
        type: 'object',
        properties: {
          source: {
            type: 'array',
            minItems: 1,
            description: 'Names under trust.sources. Left out: everybody, known or not.',
            items: { type: 'string', pattern: '.', expects: 'the name of a source' },
          },
          methods: {
            type: 'array',
            minItems: 1,
            description: 'Left out: every method.',
            items: { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Z-]+$", expects: 'a method such as GET' },
          },
          paths: {
            type: 'array',
            minItems: 1,
            description: 'Patterns as in match.routes. Left out: every path.',
            items: { type: 'string', expects: 'a path pattern such as "/v1/**"' },
          },
        },
      },
      examples: [[{ source: ['frontend'], methods: ['GET'], paths: ['/v1/**'] }]],
    },
  },
}
