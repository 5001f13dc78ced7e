/** The fallback where one of its entries asks another service. */
import type { Layer } from '../../core/exchange.ts'
import { FallbackLoop, type ServiceParts } from './layer-loop.ts'

export function serviceLayer(parts: ServiceParts): Layer {
  return (next) => (request, response) => {
    const entries = request.exchange.grpc ? parts.grpc : parts.http
    if (entries.length === 0 || request.method === 'CONNECT') return next(request, response)
    return new FallbackLoop(parts, entries, request, response).send(next)
  }
}
