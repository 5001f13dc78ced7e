/** Schemas that several kinds share. */
import type { Schema } from '../../core/policy.ts'

/** A name, `policy-format.md`, Files. */
export const NAME: Schema = {
  type: 'string',
  pattern: '^(?=.{1,253}$)[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
  expects: "lower-case letters, digits, and '-' or '.' between them, at most 253",
}

/** An HTTP field name, RFC 9110 §5.1. */
export const FIELD_NAME: Schema = {
  type: 'string',
  pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
  expects: 'a header name such as x-tenant',
}

/** A path; relative ones start at the working directory, as the access log's does. */
export const PEM_FILE: Schema = { type: 'string', pattern: '.', expects: 'the path of a PEM file' }

export const PORT: Schema = { type: 'integer', minimum: 1, maximum: 65_535 }

/** What every document begins with. */
export const HEAD = {
  kind: { type: 'string', enum: ['Sidecar', 'Service', 'Policy', 'Profile'] },
  name: { ...NAME, description: 'Unique per kind.' },
  apiVersion: { type: 'string', enum: ['outrigger.dev/v1'], default: 'outrigger.dev/v1' },
  minVersion: {
    description: 'An older sidecar leaves the document out, with a warning.',
    oneOf: [
      { type: 'number', minimum: 0 },
      { type: 'string', pattern: '^[0-9]+(\\.[0-9]+){0,2}$', expects: 'a version such as 1.4' },
    ],
  },
} as const satisfies Record<string, Schema>
