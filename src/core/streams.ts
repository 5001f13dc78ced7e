/** Which exchanges are streams: their body goes on for as long as both sides like, and is not judged by its length. */
import type { Exchange, RequestHead, ResponseHead } from './exchange.ts'
import { get } from './headers.ts'
import { isMediaType } from './media-type.ts'

const EVENT_STREAM = 'text/event-stream'

/** What the file says of the route holds; else an accepted upgrade, a CONNECT tunnel or server-sent events. */
export function isStream(request: RequestHead, head: ResponseHead): boolean {
  const said = request.exchange.route?.stream
  if (said !== undefined) return said
  if (request.upgrade !== '' && head.status === 101) return true
  if (request.method === 'CONNECT') return head.status >= 200 && head.status < 300
  const type = get(head.headers, 'content-type')
  return type !== undefined && isMediaType(type, EVENT_STREAM)
}

/** A gRPC call that the file does not call unary: nothing in its head says how many messages it has. */
export function mayBeStream(exchange: Exchange): boolean {
  return exchange.grpc && exchange.route?.stream !== false
}
