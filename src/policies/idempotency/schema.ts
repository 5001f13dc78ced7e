/** The block `idempotency` as it stands in a file. */
import type { Schema } from '../../core/policy.ts'

const FILE: Schema = { type: 'string', pattern: '.', expects: 'the path of a file' }

const TLS: Schema = {
  type: 'object',
  description: 'TLS towards Redis; also where the url says rediss:.',
  properties: {
    ca: { ...FILE, description: "Whom to believe; absent: the system's roots." },
    serverName: { type: 'string', description: "What its certificate must name; default: the url's host." },
    cert: { ...FILE, description: 'The certificate we show, together with key.' },
    key: FILE,
  },
}

const REDIS: Schema = {
  type: 'object',
  description: 'A Redis server of version 5 or later, shared by all replicas.',
  required: ['url'],
  properties: {
    url: {
      type: 'string',
      // A password would be shown wherever the configuration is.
      pattern: '^rediss?://([^@/:\\s]+@)?(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[0-9]{1,3})?$',
      expects: 'a URL such as redis://redis:6379/0 or rediss://user@redis:6379, with no password in it',
      description: 'redis: or rediss:, a user where it has one, host, port (default 6379) and number of the database.',
    },
    tls: TLS,
    passwordFile: { ...FILE, description: 'Holds the password, read at every connection made.' },
    timeout: {
      type: 'string',
      format: 'duration',
      description: 'How long the store may take to answer before onStoreError holds.',
      minimum: '1ms',
      maximum: '24h',
      default: '250ms',
    },
  },
}

export const schema: Schema = {
  type: 'object',
  description: 'A write that carries a key is carried out once: who sends it again gets the first answer.',
  properties: {
    header: {
      type: 'string',
      pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
      expects: 'a header name such as Idempotency-Key',
      default: 'Idempotency-Key',
      description: 'The field that holds the key.',
    },
    ttl: {
      type: 'string',
      format: 'duration',
      description: 'How long a key is remembered once its request has ended.',
      minimum: '1ms',
      maximum: '24h',
      default: '24h',
    },
    store: {
      default: 'memory',
      description: 'memory: of this replica alone, lost with it. redis: shared by all replicas.',
      oneOf: [
        { type: 'string', enum: ['memory'] },
        { type: 'object', required: ['redis'], properties: { redis: REDIS } },
      ],
    },
    onStoreError: {
      type: 'string',
      enum: ['refuse', 'proceed'],
      default: 'refuse',
      description: 'While Redis does not answer, keyed requests are refused with 503, or go on without protection.',
    },
    required: {
      type: 'boolean',
      default: false,
      description: 'POST and PATCH without a key are refused with 400.',
    },
    maxBodyBytes: {
      type: 'string',
      format: 'size',
      description: 'Of the request and of the answer; what is larger passes and is not kept.',
      minimum: '1B',
      maximum: '16MiB',
      default: '1MiB',
    },
    onConcurrent: {
      type: 'string',
      enum: ['wait', 'refuse'],
      default: 'wait',
      description: 'While the first request is in flight, a second waits for its answer, or is refused with 409.',
    },
    onUnknown: {
      type: 'string',
      enum: ['hold', 'release'],
      default: 'hold',
      description:
        'Where nobody can say whether a request was carried out, its key is refused with 409 until ttl, or free again.',
    },
  },
}
