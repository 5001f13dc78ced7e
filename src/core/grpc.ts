/** Which requests and answers are gRPC, by their content type (grpc/doc/PROTOCOL-HTTP2.md). */
import { get, type Headers } from './headers.ts'

export const GRPC_TYPE = 'application/grpc'

/** `application/grpc`, `application/grpc+proto`; `application/grpc-web` is another protocol. */
export function isGrpcType(value: string): boolean {
  const size = GRPC_TYPE.length
  if (value.length < size || !startsWithType(value)) return false
  return value.length === size || endsType(value.charCodeAt(size))
}

function startsWithType(value: string): boolean {
  return value.startsWith(GRPC_TYPE) || value.slice(0, GRPC_TYPE.length).toLowerCase() === GRPC_TYPE
}

/** Plus, semicolon, blank or tab: the message format or a parameter follows. */
function endsType(code: number): boolean {
  return code === 43 || code === 59 || code === 32 || code === 9
}

/** Whether the head of a request or an answer says that its body is gRPC messages. */
export function hasGrpcType(headers: Headers): boolean {
  const type = get(headers, 'content-type')
  return type !== undefined && isGrpcType(type)
}
