/** Makes every request of a contract suite a gRPC call. */
import type { Layer } from '../../src/core/exchange.ts'

/** `grpcTimeout` in ms from the clock's start. */
export function calls(layer: Layer, grpcTimeout = Number.POSITIVE_INFINITY): Layer {
  return (next) => {
    const dispatch = layer(next)
    return (request, response) => {
      request.exchange.grpc = true
      request.exchange.grpcDeadline = grpcTimeout
      return dispatch(request, response)
    }
  }
}
