/** The real layers over a wire that is none: an upstream that answers 200 with 1 KiB as soon as the request is whole. */
import { readFileSync } from 'node:fs'
import { completeBlock } from '../../src/config/complete.ts'
import { loadText } from '../../src/config/load.ts'
import type { BlockStatement, Config } from '../../src/config/model.ts'
import { CacheAccount } from '../../src/core/cache-account.ts'
import type { SystemClock } from '../../src/core/clock.ts'
import { DateField } from '../../src/core/date-field.ts'
import {
  Attempt,
  type Dispatch,
  Exchange,
  type Layer,
  type RequestBody,
  RequestHead,
  type ResponseHandler,
  ResponseHead,
} from '../../src/core/exchange.ts'
import { systemRandom } from '../../src/core/random.ts'
import { ReplayAccount } from '../../src/core/replay-buffer.ts'
import type { PolicyModule, PolicyParts, PolicyScope } from '../../src/core/policy.ts'
import { BLOCKS, MODULES, type PolicyName } from '../../src/policies/index.ts'
import { HostTable } from '../../src/routing/hosts.ts'
import type { resolve } from '../../src/routing/resolve.ts'
import { type Routes, routeByHost } from '../../src/routing/router.ts'
import { rulesFor } from '../../src/routing/rule.ts'
import { RouteTable } from '../../src/routing/table.ts'
import { KeptStates } from '../../src/runtime/kept-state.ts'
import { compileRoute, type Route, type StackContext } from '../../src/runtime/stack.ts'
import { Via } from '../../src/core/via.ts'
import { createRescue } from '../../src/server/rescue.ts'
import { createTelemetry } from '../../src/telemetry/index.ts'
import type { Balancer } from '../../src/upstream/balance/balancer.ts'
import { createBalancer } from '../../src/upstream/balance/create.ts'
import { hashOf } from '../../src/upstream/balance/hash-of.ts'
import { PeakEwma } from '../../src/upstream/balance/peak-ewma.ts'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import { createPick, type Service } from '../../src/upstream/service.ts'
import { ANSWER } from './load.ts'
import { fill, template } from './peer-file.ts'

const AUTHORITY = '127.0.0.1:23000'
const VIA = new Via('bench')
const HEADERS = ['Accept', '*/*', 'User-Agent', 'bench', 'Content-Type', 'application/json']
const BODY = Buffer.from(ANSWER)
const ANSWER_HEAD = new ResponseHead(
  200,
  'OK',
  ['Content-Type', 'application/json', 'Content-Length', String(BODY.length)],
  BODY.length,
  'upstream',
  '',
)

/** What is asked: answers when the request has ended, as a wire would. */
class Answering implements RequestBody {
  readonly #response: ResponseHandler

  constructor(response: ResponseHandler) {
    this.#response = response
  }

  end(): void {
    const response = this.#response
    response.head(ANSWER_HEAD)
    response.data(BODY)
    response.end()
  }

  data(): void {}
  abort(): void {}
  pauseResponse(): void {}
  resumeResponse(): void {}
}

/** Who asks: counts the ends, so that nothing is left out unnoticed. */
class Asking implements ResponseHandler {
  ends = 0

  informational(): void {}
  head(): void {}
  data(): void {}
  end(): void {
    this.ends++
  }
  fail(): void {}
  pauseRequest(): void {}
  resumeRequest(): void {}
}

const wire: Dispatch = (_request, response) => new Answering(response)
const endpoint = { address: '127.0.0.1:1', states: new Map(), dispatch: wire } as unknown as Endpoint
const service: Service = {
  name: 'backend',
  endpoints: [endpoint],
  ready: [endpoint],
  balancer: { pick: (all: readonly unknown[]) => all[0] } as unknown as Balancer,
  close() {},
}

/** Three endpoints that have answered before. */
function among(algorithm: 'ewma' | 'hash'): Service {
  const three = [1, 2, 3].map((n) => {
    const address = `127.0.0.1:${n}`
    const meter = new PeakEwma()
    meter.answered(10 + n, 0)
    const one = { address, weight: 1, active: n, meter, warmingSince: Number.NEGATIVE_INFINITY, seed: hashOf(address) }
    return { ...one, states: new Map(), dispatch: wire } as unknown as Endpoint
  })
  const balancer = createBalancer({ algorithm, hashOn: algorithm === 'hash' ? 'user-agent' : '' }, systemRandom())
  return { name: 'backend', endpoints: three, ready: three, balancer, close() {} }
}

export interface Subject {
  readonly name: string
  /** It would stand in the place of another: not part of the sum. */
  readonly instead?: true
  readonly dispatch: Dispatch
}

/** As if every request were a POST with a key of its own; its cost holds that of the changed head. */
function writing({ request, picked }: PolicyParts): Layer {
  let key = 0
  return (next) => {
    const dispatch = (request as Layer)((picked as Layer)(next))
    return (head, response) => {
      const fields = head.headers.concat('Idempotency-Key', `key-${key++}`)
      const { target, scheme, authority, exchange, attempt } = head
      return dispatch(
        new RequestHead('POST', target, scheme, authority, fields, 0, '', false, exchange, attempt),
        response,
      )
    }
  }
}

/** The policies of the comparison, loaded as at a start. */
function configuration(): Config {
  const text = fill(template('outrigger.yaml'), {
    listen_h1: AUTHORITY,
    upstream_h1: '127.0.0.1:1',
  })
  const { config, issues } = loadText(text, BLOCKS)
  if (config === undefined) throw new Error(`the bench's own policies: ${JSON.stringify(issues[0])}`)
  return config
}

/** `subjects`: each layer alone over the wire, and all as they stand in production. `bare` is the wire without any. */
export function subjects(clock: SystemClock): { bare: Subject; layers: Subject[]; whole: Subject } {
  const config = configuration()
  const log = { error: console.error, warn: console.error, info() {}, debug() {} }
  const telemetry = createTelemetry({
    sidecar: config.sidecar,
    clock,
    random: systemRandom(),
    log,
    version: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
    environment: {},
  })
  const context: StackContext = {
    clock,
    random: systemRandom(),
    events: telemetry.events,
    replay: new ReplayAccount(1 << 26),
    cache: new CacheAccount(1 << 25),
    states: new KeptStates(),
    attempt: telemetry.attempt,
  }
  const upstream = { clock, random: systemRandom(), violation() {}, defect: console.error }
  const rules = rulesFor<BlockStatement>(config.policies, {
    direction: 'outbound',
    service: 'backend',
    workload: 'bench',
    port: undefined,
  })
  const info = {
    direction: 'outbound' as const,
    service: 'backend',
    template: '*',
    stream: undefined,
    telemetry: undefined,
  }
  const routed = (compiled: (resolution: ReturnType<typeof resolve<BlockStatement>>) => Route): Dispatch => {
    const hosts = new HostTable<Routes>(80)
    hosts.add('127.0.0.1', new RouteTable<BlockStatement, Route>(rules, compiled))
    return routeByHost((authority) => hosts.lookup(authority), undefined)
  }

  const parts = new Map<PolicyName, PolicyParts>()
  for (const { block, config: stated } of config.policies.flatMap(({ blocks }) => blocks)) {
    const module = MODULES[block as PolicyName] as unknown as {
      create(config: unknown, scope: PolicyScope): PolicyParts
    }
    const scope: PolicyScope = {
      ...context,
      policy: { name: 'backend', routes: [] },
      direction: 'outbound',
      mode: 'enforce',
      service: 'backend',
      route: info,
      state: (kind, key, make) => context.states.get(`alone ${block}`, '', kind, key, make),
    }
    parts.set(block as PolicyName, module.create(stated, scope))
  }
  const alone = (block: PolicyName, stated: unknown, direction: 'inbound' | 'outbound'): PolicyParts => {
    const module = MODULES[block] as unknown as PolicyModule<unknown>
    return module.create(completeBlock(module.schema, stated), {
      ...context,
      toService: () => wire,
      policy: { name: 'backend', routes: [] },
      direction,
      mode: 'enforce',
      service: 'backend',
      route: info,
      state: (kind, key, make) =>
        context.states.get(`alone ${direction} ${JSON.stringify(stated)}`, '', kind, key, make),
    })
  }
  const layer = (name: string, made: Layer | undefined): Subject[] =>
    made === undefined ? [] : [{ name, dispatch: made(wire) }]
  return {
    bare: { name: 'the request itself', dispatch: wire },
    layers: [
      ...layer('telemetry: exchange', telemetry.server),
      ...layer('rescue', createRescue(VIA, new DateField(clock))),
      { name: 'router', dispatch: routed(() => ({ info, requestTimeout: 5000, guarded: false, dispatch: wire })) },
      ...layer(
        'authorize',
        alone('authorize', { allow: [{ paths: ['/v1/**'] }, { methods: ['GET'], paths: ['/api/**'] }] }, 'inbound')
          .request,
      ),
      ...layer('rateLimit', alone('rateLimit', { rate: '1000000/s' }, 'inbound').request),
      ...layer(
        'rateLimit by source and header',
        alone('rateLimit', { rate: '1000000/s', key: ['source', 'header:user-agent'] }, 'inbound').request,
      ),
      ...layer('idempotency of a GET', alone('idempotency', {}, 'inbound').request),
      ...layer('idempotency of a new key', writing(alone('idempotency', {}, 'inbound'))),
      ...layer('fallback', parts.get('fallback')?.request),
      ...layer('fallback: cached', alone('fallback', [{ when: ['any'], use: 'cached' }], 'outbound').request),
      ...layer(
        'fallback: service',
        alone('fallback', [{ when: ['any'], use: 'service', service: 'other' }], 'outbound').request,
      ),
      ...layer('timeout: deadline', parts.get('timeout')?.request),
      ...layer('concurrency', alone('concurrency', {}, 'inbound').request),
      ...layer('bulkhead', parts.get('bulkhead')?.request),
      ...layer('hedge', alone('hedge', {}, 'outbound').request),
      ...layer('retry', parts.get('retry')?.request),
      ...layer('breaker', parts.get('breaker')?.attempt),
      { name: 'pick', dispatch: createPick(service, [], upstream, VIA, wire) },
      { name: 'pick: ewma, of three', instead: true, dispatch: createPick(among('ewma'), [], upstream, VIA, wire) },
      { name: 'pick: hash, of three', instead: true, dispatch: createPick(among('hash'), [], upstream, VIA, wire) },
      ...layer('outlier', alone('outlier', {}, 'outbound').picked),
      ...layer('timeout: perTry', parts.get('timeout')?.picked),
      ...layer('rateLimit of attempts', alone('rateLimit', { rate: '1000000/s' }, 'outbound').picked),
      ...layer(
        'fault that spares everybody',
        alone('fault', { percent: '0%', delay: '1ms', until: '2030-01-01T00:00:00Z' }, 'outbound').picked,
      ),
      ...layer('telemetry: attempt', telemetry.attempt),
    ],
    whole: {
      name: 'the whole stack',
      dispatch: telemetry.server(
        createRescue(
          VIA,
          new DateField(clock),
        )(
          routed((resolution) =>
            compileRoute(info, resolution, (tests, next) => createPick(service, tests, upstream, VIA, next), context),
          ),
        ),
      ),
    },
  }
}

const asking = new Asking()
const route = {
  direction: 'outbound' as const,
  service: 'backend',
  template: '*',
  stream: undefined,
  telemetry: undefined,
}

/** `count` requests, one after the other. */
export function ask({ name, dispatch }: Subject, count: number, clock: SystemClock): void {
  const before = asking.ends
  for (let i = 0; i < count; i++) {
    const now = clock.now()
    const exchange = new Exchange(
      'outbound',
      now,
      clock.wallTime(),
      '127.0.0.1',
      1,
      '',
      'id',
      true,
      11,
      Number.POSITIVE_INFINITY,
    )
    exchange.route = route
    exchange.path = '/api/orders/1'
    exchange.deadline = now + 5000
    const attempt = new Attempt('first', false, false)
    attempt.endpoint = endpoint
    attempt.startedAt = now
    const head = new RequestHead('GET', '/api/orders/1', 'http', AUTHORITY, HEADERS, 0, '', false, exchange, attempt)
    dispatch(head, asking).end()
  }
  if (asking.ends - before !== count) throw new Error(`${name}: ${asking.ends - before} answers to ${count} requests`)
}
