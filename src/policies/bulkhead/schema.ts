/** The block `bulkhead` as it stands in a file. */
import type { Schema } from '../../core/policy.ts'

const MOST = 1_000_000

export const schema: Schema = {
  type: 'object',
  description: 'Bounds the requests in flight, so that one slow service cannot take every thread of its callers.',
  required: ['maxConcurrent'],
  properties: {
    maxConcurrent: {
      type: 'integer',
      description: 'Requests in flight at once; a place is held until the body of the answer has ended.',
      minimum: 1,
      maximum: MOST,
      examples: [50],
    },
    maxQueue: {
      type: 'integer',
      description: 'Requests that may wait for a place, first in, first out. Without effect when per is endpoint.',
      minimum: 0,
      maximum: MOST,
      default: 0,
    },
    maxQueueWait: {
      type: 'string',
      format: 'duration',
      description: 'How long a request may wait for a place; the deadline of the request wins when it is nearer.',
      minimum: '1ms',
      maximum: '24h',
      default: '1s',
    },
    maxStreams: {
      type: 'integer',
      description:
        'Streams (WebSocket, CONNECT, server-sent events, gRPC calls of more than one message, routes with stream: true) ' +
        'open at once, in places of their own. Left out, a stream stays in its place of maxConcurrent.',
      minimum: 1,
      maximum: MOST,
    },
    per: {
      type: 'string',
      enum: ['service', 'route', 'endpoint', 'source'],
      description: 'What has places of its own: the service, each route, each endpoint, or each named source.',
      default: 'service',
    },
  },
}
