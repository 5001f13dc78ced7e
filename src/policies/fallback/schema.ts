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
  description: 'The status that a gRPC call is answered with, without a message.',
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
  description: 'The last good answer to the same GET, if there is one. Other methods go to the next entry.',
  required: ['when', 'use'],
  properties: {
    when: WHEN,
    use: { type: 'string', enum: ['cached'], description: 'The last good answer, out of memory.' },
    timeout: TIMEOUT,
    maxStale: {
      type: 'string',
      format: 'duration',
      description: 'How old it may be, in all.',
      minimum: '1ms',
      maximum: '24h',
      default: '10m',
    },
    key: {
      type: 'array',
      items: {
        type: 'string',
        pattern: "^(source|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+)$",
        expects: 'source, or a header such as header:x-user-id',
      },
      description: 'What an answer is kept under beside method, host and target, and what it says in Vary.',
      default: [],
    },
    shared: {
      type: 'boolean',
      description:
        'Also for requests with Authorization or Cookie, and answers with Set-Cookie or a Cache-Control against it.',
      default: false,
    },
    headers: HEADERS,
    grpcStatus: STATUS,
  },
}

const SERVICE: Schema = {
  type: 'object',
  description: 'Another service is asked.',
  required: ['when', 'use', 'service'],
  properties: {
    when: WHEN,
    use: { type: 'string', enum: ['service'], description: 'Another service.' },
    service: { type: 'string', description: 'Name of that Service. What holds for its requests holds for these, too.' },
    timeout: {
      type: 'string',
      format: 'duration',
      description: 'How long it may take. Left out: what is left of the deadline.',
      minimum: '1ms',
      maximum: '24h',
    },
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
