/** The block `fallback` as it stands in a file. */
import { GRPC_STATUS } from '../../core/grpc-status.ts'
import type { Schema } from '../../core/policy.ts'

const WHEN: Schema = {
  type: 'array',
  description: 'Failures this entry answers for; any: every failure from below, never a 4xx or a client that left.',
  minItems: 1,
  items: { type: 'string', format: 'outcome', words: { any: null } },
}

const STATUS: Schema = {
  type: 'string',
  enum: GRPC_STATUS,
  description: 'The status that a gRPC call is answered with. Left out, the entry is for plain HTTP only.',
}

const TIMEOUT: Schema = {
  type: 'string',
  format: 'duration',
  description: 'How long the fallback itself may take; a static answer takes no time.',
  minimum: '1ms',
  maximum: '24h',
  default: '1s',
}

const HEADERS: Schema = {
  type: 'object',
  description: 'Further header fields of the answer.',
  additionalProperties: {
    type: 'string',
    // Beyond Latin-1 the wire would write the low byte of a character, which may be a line feed.
    pattern: '^[\\u0009\\u0020-\\u007e\\u0080-\\u00ff]*$',
    expects: 'Latin-1 text without control characters',
  },
  default: {},
}

const STATIC: Schema = {
  type: 'object',
  description: 'A fixed answer.',
  required: ['when', 'use'],
  properties: {
    when: WHEN,
    use: { type: 'string', enum: ['static'], description: 'An answer that stands in the file.' },
    timeout: TIMEOUT,
    status: { type: 'integer', description: 'HTTP status.', minimum: 200, maximum: 599, default: 200 },
    contentType: {
      type: 'string',
      description: 'Content-Type of the body; it also says how path parameters are escaped.',
      pattern: '^[\\u0020-\\u007e]+$',
      expects: 'a media type such as application/json',
      default: 'application/json',
    },
    body: {
      type: 'string',
      description:
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the notation of the file
        'The body. ${name} stands for a path parameter of the policy routes, escaped for the content type.',
      default: '',
    },
    headers: HEADERS,
    grpcStatus: STATUS,
  },
}

const CACHED: Schema = {
  type: 'object',
  notYet: true,
  description: 'The last good answer to the same request.',
  required: ['when', 'use'],
  properties: {
    when: WHEN,
    use: { type: 'string', enum: ['cached'], description: 'The last good answer.' },
    timeout: TIMEOUT,
    maxStale: { type: 'string', format: 'duration', description: 'How old it may be.' },
    key: { type: 'array', items: { type: 'string' }, description: 'What else an answer is kept under.' },
    shared: { type: 'boolean', description: 'Also answers that look personal are kept.' },
    headers: HEADERS,
    grpcStatus: STATUS,
  },
}

const SERVICE: Schema = {
  type: 'object',
  notYet: true,
  description: 'Another service is asked.',
  required: ['when', 'use', 'service'],
  properties: {
    when: WHEN,
    use: { type: 'string', enum: ['service'], description: 'Another service.' },
    service: { type: 'string', description: 'Name of that Service.' },
    timeout: TIMEOUT,
    headers: HEADERS,
    grpcStatus: STATUS,
  },
}

export const schema: Schema = {
  type: 'array',
  description: 'What the client gets instead of a failure; the first entry that applies answers.',
  minItems: 1,
  items: { oneOf: [STATIC, CACHED, SERVICE] },
}
