/** What is read off an exchange that is a gRPC call. */
import { type ProxyError, REASONS } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { RpcMethods } from './rpc-methods.ts'
import { UNIMPLEMENTED } from './rpc-status.ts'

/** RST_STREAM's code (RFC 9113 §7), which gRPC reads as CANCELLED. */
const CANCEL = 8
const CANCELLED = 1

/** What its client makes of a call that broke off. */
export function statusOfFailure(error: ProxyError): number {
  return error.resetCode === CANCEL ? CANCELLED : REASONS[error.reason].grpc
}

/** Its method's place among `methods`. `answered`: a server of gRPC has given it a status. */
export function methodOf(exchange: Exchange, code: number, answered: boolean, methods: RpcMethods): number {
  const exists = answered && code !== UNIMPLEMENTED
  return methods.indexOf(exchange.path, exchange.route?.template ?? '', exists)
}
