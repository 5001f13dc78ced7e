/** The fallback where one of its entries asks another service. */
import type { Clock } from '../../core/clock.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Dispatch, Layer } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'
import type { ReplayAccount } from '../../core/replay-buffer.ts'
import type { When } from './decide.ts'
import type { LocalEntry } from './layer.ts'
import { FallbackLoop } from './layer-loop.ts'

export interface ServiceEntry {
  readonly when: When
  readonly name: string
  readonly dispatch: Dispatch
  /** ms; undefined: what is left of the deadline. */
  readonly timeout: number | undefined
  /** What the file adds to the answer. */
  readonly fields: Headers
}

export type Entry = LocalEntry | ServiceEntry

export interface ServiceParts {
  readonly http: readonly Entry[]
  readonly grpc: readonly Entry[]
  readonly clock: Clock
  readonly events: PolicyEvents
  readonly account: ReplayAccount
}

export function serviceLayer(parts: ServiceParts): Layer {
  return (next) => (request, response) => {
    const entries = request.exchange.grpc ? parts.grpc : parts.http
    if (entries.length === 0 || request.method === 'CONNECT') return next(request, response)
    return new FallbackLoop(parts, entries, request, response).send(next)
  }
}
