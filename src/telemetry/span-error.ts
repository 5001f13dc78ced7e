/** What makes a span an error, by OpenTelemetry's conventions for HTTP and RPC. */
import { isServerError } from '../core/grpc-status.ts'
import type { AttemptRecord } from './attempt-layer.ts'
import { statusName } from './rpc-status.ts'
import type { SampledExchange } from './sampled.ts'

/** `error.type` of the server span: '' where nobody on this side failed. */
export function serverError({ request, status, reason, rpcStatus }: SampledExchange): string {
  if (reason === 'client_cancelled') return ''
  if (request.exchange.grpc) {
    if (isServerError(rpcStatus)) return reason || statusName(rpcStatus)
    // A fallback that says OK stands in for a failure.
    return rpcStatus === 0 ? reason : ''
  }
  if (reason !== '' && (status === 0 || status >= 500 || status < 400)) return reason
  return status >= 500 ? String(status) : ''
}

/** `error.type` of an attempt: from 400 on, and of a gRPC call whatever is not OK, unlike the server's. */
export function clientError({ status, reason, rpcStatus }: AttemptRecord): string {
  if (reason === 'client_cancelled' || reason === 'superseded') return ''
  if (reason !== '') return reason
  return status >= 400 ? String(status) : rpcStatus > 0 ? statusName(rpcStatus) : ''
}
