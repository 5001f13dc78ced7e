/** Which requests and answers are gRPC, by their content type (grpc/doc/PROTOCOL-HTTP2.md). */
import { get, type Headers } from './headers.ts'
import { isMediaTypeOrFormat } from './media-type.ts'

export const GRPC_TYPE = 'application/grpc'

/** `application/grpc`, `application/grpc+proto`; `application/grpc-web` is another protocol. */
export function isGrpcType(value: string): boolean {
  return isMediaTypeOrFormat(value, GRPC_TYPE)
}

/** Whether the head of a request or an answer says that its body is gRPC messages. */
export function hasGrpcType(headers: Headers): boolean {
  const type = get(headers, 'content-type')
  return type !== undefined && isGrpcType(type)
}
