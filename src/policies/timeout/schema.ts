/** The block `timeout` as it stands in a file. */
import type { Schema } from '../../core/policy.ts'

function duration(description: string): Schema {
  return { format: 'duration', minimum: '1ms', maximum: '24h', description }
}

export const schema: Schema = {
  type: 'object',
  description:
    'How long a request may take. Each limit gives a reason of its own, and 504 where an answer can be made.',
  default: {},
  properties: {
    request: duration(
      'The whole request, from its complete head to the last byte of the answer: queueing, every attempt, every pause. ' +
        "Left out: the caller's own deadline. Of a stream, an upgrade or a tunnel it bounds the wait for the head only, of a " +
        'gRPC call whose route does not say `stream: false` the wait for the first message.',
    ),
    perTry: duration(
      'One attempt, from the moment the request went out in full to the head of the answer. At most `request`. The last ' +
        'retry may use all that is left of the deadline.',
    ),
    idle: duration('Nothing moved, in either direction. Left out: 5m, and 1h for streams, upgrades, tunnels and gRPC.'),
    connect: { ...duration('A new connection to an endpoint, TLS included.'), default: '1s' },
    maxStream: duration('The life of a stream, an upgrade, a tunnel or a gRPC call. Left out: no limit.'),
  },
}
