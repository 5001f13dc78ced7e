/** Retry, the real pick in turn over some endpoints, outlier, and an upstream whose endpoints do as they are told. */
import type { OutlierSnapshot } from '../../../src/core/events.ts'
import type { Attempt } from '../../../src/core/exchange.ts'
import type { Headers } from '../../../src/core/headers.ts'
import type { Eligible } from '../../../src/core/policy.ts'
import { Via } from '../../../src/core/via.ts'
import { outlier } from '../../../src/policies/outlier/policy.ts'
import type { OutlierConfig } from '../../../src/policies/outlier/outliers.ts'
import { type RetryConfig, retry } from '../../../src/policies/retry/policy.ts'
import { RoundRobin } from '../../../src/upstream/balance/round-robin.ts'
import type { Endpoint } from '../../../src/upstream/endpoint.ts'
import { createPick, type Service } from '../../../src/upstream/service.ts'
import { checked, checkedDispatch } from '../../contract/checked.ts'
import { Ledger } from '../../contract/ledger.ts'
import {
  type Call,
  Client,
  endpointInfo,
  type RequestOptions,
  requestHead,
  type ScopeOptions,
  testScope,
  Upstream,
} from '../../support/stubs.ts'
import { DEFAULTS } from '../retry/scene.ts'

const CONFIG: OutlierConfig = { consecutive: 5, ejectFor: 30_000, maxEjected: 0.5, jitter: 0 }

export interface SceneOptions extends ScopeOptions {
  readonly config?: Partial<OutlierConfig>
  readonly retry?: Partial<RetryConfig> | 'none'
  readonly endpoints?: number
  readonly tests?: readonly Eligible[]
}

export type Behaviour = (call: Call) => void

export function well(call: Call): void {
  call.head(200)
  call.finish()
}

export const bad: Behaviour = answering(500)

/** A head and an end: of a gRPC call in the trailers, unless the head says it. */
export function answering(status: number, fields: Headers = [], trailers?: Headers): Behaviour {
  return (call) => {
    call.head(status, fields)
    call.finish(trailers)
  }
}

/** Endpoint i has the address `i`. */
export function scene(options: SceneOptions = {}) {
  const scope = testScope(options)
  if (options.after === undefined) scope.clock.advance(1)
  const make = (address: string) => ({ ...endpointInfo(address), weight: 1, wellAt: 0 }) as unknown as Endpoint
  const endpoints = Array.from({ length: options.endpoints ?? 3 }, (_, i) => make(String(i)))
  const service: Service = {
    name: 'inventory',
    endpoints,
    get ready() {
      return this.endpoints
    },
    balancer: new RoundRobin(),
    close() {},
  }
  const upstream = new Upstream()
  const ledger = new Ledger()
  const parts = outlier.create({ ...CONFIG, ...options.config }, scope)
  const context = { clock: scope.clock, random: scope.random, violation() {}, defect() {} }
  const beneath = checkedDispatch(upstream.dispatch, 'beneath', ledger)
  const tests = [parts.eligible as Eligible, ...(options.tests ?? [])]
  const picked = checked(parts.picked!, 'outlier', ledger)(beneath)
  const pick = createPick(service, tests, context, new Via('test'), picked)
  const again = options.retry === 'none' ? undefined : retry.create({ ...DEFAULTS, ...options.retry }, scope).request
  const dispatch = again === undefined ? pick : again(pick)
  const behaviours = new Map<string, Behaviour>()

  /** Sends one request; whoever has a behaviour answers at once, the others when the test says so. */
  const ask = (asked: RequestOptions = {}) => {
    const client = new Client()
    const request = requestHead({ startedAt: scope.clock.now(), ...asked })
    const before = upstream.calls.length
    const body = dispatch(request, client)
    if (request.bodyLength === 0 && !request.isTunnel) body.end()
    for (let i = before; i < upstream.calls.length; i++) play(upstream.calls[i] as Call)
    return { client, body, request, attempt: request.attempt as Attempt, at: upstream.calls.slice(before).map(where) }
  }
  const play = (call: Call) => {
    const behaviour = behaviours.get(where(call))
    if (behaviour !== undefined && !call.over) behaviour(call)
  }
  /** `count` requests; where they went, in order. */
  const send = (count: number, asked: RequestOptions = {}): string =>
    Array.from({ length: count }, () => ask(asked).at.join('>')).join(' ')
  const set = (address: number, behaviour: Behaviour) => behaviours.set(String(address), behaviour)
  for (const { address } of endpoints) behaviours.set(address, well)
  const states = (): Record<string, OutlierSnapshot> =>
    Object.fromEntries([...group().members()].map((member) => [member.address, member.snapshot()]))
  const group = () =>
    scope.states.get('outliers inventory') as { members(): Iterable<{ address: string; snapshot(): OutlierSnapshot }> }
  const state = (address: number) => states()[String(address)]?.state
  return {
    scope,
    clock: scope.clock,
    events: scope.events.log,
    service,
    make,
    upstream,
    ledger,
    ask,
    send,
    set,
    states,
    state,
  }
}

function where(call: Call): string {
  return call.request.attempt.endpoint!.address
}
