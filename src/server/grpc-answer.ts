/** A failure as a gRPC client understands it: a status, in a head without a body or behind the messages that came before. */
import { type ProxyError, REASONS, type ReasonRow, SHEDDING } from '../core/errors.ts'
import { ResponseHead } from '../core/exchange.ts'
import { GRPC_TYPE } from '../core/grpc.ts'
import { grpcMessage } from '../core/grpc-message.ts'
import { proxyStatus } from '../core/proxy-status.ts'
import type { LocalAnswer } from './local-answer.ts'

const NOTHING = Buffer.alloc(0)

/** What HTTP/1.1 has to be told, and HTTP/2 sees by itself: there is no body. */
const NO_BODY_FIELDS = ['content-length', '0']

/** "Trailers-Only": the status in the head. `protocol` is the client's. */
export function grpcAnswer(error: ProxyError, protocol: number): LocalAnswer {
  const headers = ['content-type', GRPC_TYPE].concat(grpcStatus(error))
  const fields = protocol === 20 ? headers : headers.concat(NO_BODY_FIELDS)
  return { head: new ResponseHead(200, '', fields, 0, 'proxy', error.reason), body: NOTHING }
}

/** The fields that say how a call ended. */
export function grpcStatus(error: ProxyError): string[] {
  const { reason } = error
  const row: ReasonRow = REASONS[reason]
  const fields = ['grpc-status', String(row.grpc), 'grpc-message', grpcMessage(`${reason}: ${row.message}`)]
  if (SHEDDING.includes(reason)) fields.push('grpc-retry-pushback-ms', pushback(error))
  fields.push('proxy-status', proxyStatus(row, reason), 'x-outrigger-reason', reason)
  return fields
}

/**
 * A client library that retries by itself would make it worse (grpc/proposal A6); but when a rate allows the next call is
 * known, and who comes back then is welcome.
 */
function pushback({ reason, retryAfter }: ProxyError): string {
  return reason === 'rate_limited' && retryAfter > 0 ? String(Math.ceil(retryAfter * 1000)) : '-1'
}
