/** What the next hop of a gRPC call is told of the time that is left. */
import type { RequestHead } from '../../core/exchange.ts'
import { grpcTimeout } from '../../core/grpc-timeout.ts'
import { without } from '../../core/headers.ts'
import { mayBeStream } from '../../core/streams.ts'

/**
 * The field `grpc-timeout` bounds a whole call, streams too. So what our policy grants an attempt (`bound`, ms) goes into
 * it only where the call is known to be unary; else it says what is left of the caller's own.
 */
export function withGrpcTimeout(request: RequestHead, bound: number): RequestHead {
  const tell = toldUntil(request, bound) - request.attempt.startedAt
  if (tell === Number.POSITIVE_INFINITY) return request
  const fields = without(request.headers, 'grpc-timeout')
  fields.push('grpc-timeout', grpcTimeout(tell))
  return request.withHeaders(fields)
}

/** When a server is over that keeps what it is told, on our clock. */
export function toldUntil({ exchange, attempt }: RequestHead, bound: number): number {
  return mayBeStream(exchange) ? exchange.grpcDeadline : Math.min(exchange.grpcDeadline, attempt.startedAt + bound)
}
