/** The block `fallback`: what the client gets instead of a failure. A list; the first entry that applies answers. */
import { CacheAccount } from '../../core/cache-account.ts'
import type { Layer } from '../../core/exchange.ts'
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { ReplayAccount } from '../../core/replay-buffer.ts'
import { CachedAnswer } from './cached-answer.ts'
import { CachedAnswers } from './cached-answers.ts'
import { keyPart } from './cached-key.ts'
import { mayAsk, When } from './decide.ts'
import { GrpcAnswer } from './grpc-answer.ts'
import type { Entry, LocalEntry } from './entry.ts'
import { fallbackLayer } from './layer.ts'
import { keepLayer } from './layer-keep.ts'
import { serviceLayer } from './layer-service.ts'
import { type ShadowEntry, shadowLayer } from './layer-shadow.ts'
import { ownFields } from './own-fields.ts'
import { PathParameters } from './path-parameters.ts'
import { schema } from './schema.ts'
import { StaticAnswer } from './static-answer.ts'

interface Common {
  readonly when: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  /** What a gRPC call is answered with; undefined: the entry is not for gRPC calls, unless it asks a service. */
  readonly grpcStatus?: string | undefined
}

export interface StaticFallback extends Common {
  readonly use: 'static'
  readonly status: number
  readonly contentType: string
  /** `${name}` stands for a path parameter. */
  readonly body: string
}

export interface CachedFallback extends Common {
  readonly use: 'cached'
  /** ms */
  readonly maxStale: number
  /** `source`, `header:NAME`. */
  readonly key: readonly string[]
  readonly shared: boolean
}

export interface ServiceFallback extends Common {
  readonly use: 'service'
  /** A Service's name. */
  readonly service: string
  /** ms; undefined: what is left of the deadline. */
  readonly timeout?: number | undefined
}

export type FallbackConfig = readonly (StaticFallback | CachedFallback | ServiceFallback)[]

/** Where nobody hands in an account of the process: the default of `limits.maxCacheBytes`. */
const DEFAULT_CACHE = new CacheAccount(32 * 1024 * 1024)
/** The same of `limits.maxReplayBytes`. */
const DEFAULT_REPLAY = new ReplayAccount(32 * 1024 * 1024)

function create(config: FallbackConfig, scope: PolicyScope): PolicyParts {
  const parameters = new PathParameters(scope.policy.routes)
  const http: Entry[] = []
  const grpc: Entry[] = []
  const keeping: Layer[] = []
  for (const [index, entry] of config.entries()) {
    const when = new When(entry.when)
    if (entry.use === 'cached') {
      const cache = cacheOf(entry, index, scope)
      keeping.push(keepLayer(cache))
      http.push({ when, answer: new CachedAnswer(cache, entry.headers) })
    } else if (entry.use === 'service') {
      const asked = serviceOf(entry, when, scope)
      http.push(...asked)
      if (entry.grpcStatus === undefined) grpc.push(...asked)
    } else {
      http.push({ when, answer: new StaticAnswer(entry, parameters) })
    }
    if (entry.grpcStatus !== undefined) grpc.push({ when, answer: new GrpcAnswer(entry.grpcStatus, entry.headers) })
  }
  const answering = answeringLayer(http, grpc, scope)
  return { request: keeping.reduceRight((outer, layer) => (next) => outer(layer(next)), answering) }
}

/** What a list does not need is not in the stack: where nobody else is asked, no request is kept. */
function answeringLayer(http: readonly Entry[], grpc: readonly Entry[], scope: PolicyScope): Layer {
  const { clock, events, mode } = scope
  if (mode === 'shadow') return shadowLayer(http.map(shadowOf), grpc.map(shadowOf), events)
  if (http.every(isLocal) && grpc.every(isLocal)) return fallbackLayer(http, grpc, clock, events)
  return serviceLayer({ http, grpc, clock, events, account: scope.replay ?? DEFAULT_REPLAY })
}

function isLocal(entry: Entry): entry is LocalEntry {
  return 'answer' in entry
}

/** None in a stack that stands alone, as in a bench. */
function serviceOf(entry: ServiceFallback, when: When, scope: PolicyScope): Entry[] {
  const dispatch = scope.toService?.(entry.service)
  if (dispatch === undefined) return []
  return [{ when, name: entry.service, dispatch, timeout: entry.timeout, fields: ownFields(entry.headers) }]
}

function cacheOf(entry: CachedFallback, index: number, scope: PolicyScope): CachedAnswers {
  const { clock, service, policy, mode, cache = DEFAULT_CACHE } = scope
  const { maxStale, shared } = entry
  const rules = { maxStale, key: entry.key.map(keyPart), shared }
  const make = () => new CachedAnswers(rules, cache, clock, service, policy.name, mode)
  return scope.state('fallback cache', String(index), make)
}

function shadowOf(entry: Entry): ShadowEntry {
  const { when } = entry
  if (!isLocal(entry)) return { when, kind: 'service', applies: (request) => mayAsk(request, true) }
  const { answer } = entry
  return { when, kind: answer.kind, applies: (request, reason) => answer.give(request, reason) !== undefined }
}

export const fallback: PolicyModule<FallbackConfig> = {
  name: 'fallback',
  schema,
  directions: ['inbound', 'outbound'],
  shadow: true,
  create,
}
