/** The block `fallback`: what the client gets instead of a failure. A list; the first entry that applies answers. */
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { When } from './decide.ts'
import { GrpcAnswer } from './grpc-answer.ts'
import { type Entry, fallbackLayer } from './layer.ts'
import { shadowFallbackLayer } from './layer-shadow.ts'
import { PathParameters } from './path-parameters.ts'
import { schema } from './schema.ts'
import { StaticAnswer } from './static-answer.ts'

export interface StaticFallback {
  readonly use: 'static'
  readonly when: readonly string[]
  readonly status: number
  readonly contentType: string
  /** `${name}` stands for a path parameter. */
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** Undefined: the entry is not for gRPC calls. */
  readonly grpcStatus?: string | undefined
}

/** `cached` and `service` come with a later version. */
export type FallbackConfig = readonly StaticFallback[]

function create(config: FallbackConfig, scope: PolicyScope): PolicyParts {
  if (scope.mode === 'shadow') return shadow(config, scope)
  const parameters = new PathParameters(scope.policy.routes)
  const http: Entry[] = []
  const grpc: Entry[] = []
  for (const entry of config) {
    const when = new When(entry.when)
    http.push({ when, answer: new StaticAnswer(entry, parameters) })
    if (entry.grpcStatus !== undefined) grpc.push({ when, answer: new GrpcAnswer(entry.grpcStatus, entry.headers) })
  }
  return { request: fallbackLayer(http, grpc, scope.events) }
}

function shadow(config: FallbackConfig, { events }: PolicyScope): PolicyParts {
  const http = config.map((entry) => ({ when: new When(entry.when), kind: entry.use, grpc: entry.grpcStatus }))
  const grpc = http.filter((entry) => entry.grpc !== undefined)
  return { request: shadowFallbackLayer(http, grpc, events) }
}

export const fallback: PolicyModule<FallbackConfig> = {
  name: 'fallback',
  schema,
  directions: ['inbound', 'outbound'],
  shadow: true,
  create,
}
