/** What an attempt tells the balancer of its endpoint. */
import t from 'tap'
import { ProxyError, type Retryable, type Source } from '../../src/core/errors.ts'
import type { Meter } from '../../src/core/meter.ts'
import { Attempt } from '../../src/core/exchange.ts'
import { createTelemetry } from '../../src/telemetry/index.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Seeded } from '../support/seeded.ts'
import { type Call, Client, endpointInfo, requestHead, Upstream } from '../support/stubs.ts'

function attempt(grpc = false) {
  const clock = new FakeClock()
  const told: string[] = []
  const meter: Meter = {
    answered: (took, now) => void told.push(`answered ${took} at ${now}`),
    failed: (took, now) => void told.push(`failed ${took} at ${now}`),
    spoiled: (now) => void told.push(`spoiled at ${now}`),
    abandoned: (took, now) => void told.push(`abandoned ${took} at ${now}`),
  }
  const telemetry = createTelemetry({
    sidecar: {
      name: 'test',
      accessLog: { format: 'none', sample: 1, output: 'stdout' },
      tracing: { sample: 0, propagators: [] },
      metrics: { idle: 3_600_000, compatibility: [] },
    },
    clock,
    random: new Seeded(1),
    log: { error() {}, warn() {}, info() {}, debug() {} },
    version: '1',
    environment: {},
  })
  const upstream = new Upstream()
  clock.advance(100)
  const request = requestHead({ grpc })
  const first = new Attempt('first', true, false)
  first.endpoint = { ...endpointInfo(), meter }
  first.startedAt = 100
  telemetry.attempt(upstream.dispatch)(request.forAttempt(first, true), new Client())
  clock.advance(20)
  return { clock, told, call: upstream.last }
}

const status = (code: number) => ['grpc-status', String(code)]

function broken(source: Source, retryable: Retryable): ProxyError {
  return new ProxyError('upstream_reset', source, retryable, '')
}

const cases: readonly (readonly [name: string, grpc: boolean, play: (call: Call) => void, told: readonly string[]])[] =
  [
    [
      'a head, and its end',
      false,
      (call) => {
        call.head(200)
        call.finish()
      },
      ['answered 20 at 120'],
    ],
    [
      'a 404 is an answer',
      false,
      (call) => {
        call.head(404)
        call.finish()
      },
      ['answered 20 at 120'],
    ],
    [
      'a 5xx is a failure, once',
      false,
      (call) => {
        call.head(503)
        call.finish()
      },
      ['failed 20 at 120'],
    ],
    ['no connection', false, (call) => call.break(broken('upstream', 'unsent')), ['failed 20 at 120']],
    [
      'a body that breaks',
      false,
      (call) => {
        call.head(200)
        call.break(broken('upstream', 'no'))
      },
      ['answered 20 at 120', 'spoiled at 120'],
    ],
    ['a pooled connection that had ended', false, (call) => call.break(broken('upstream', 'unanswered-reused')), []],
    ['an endpoint taken away', false, (call) => call.break(broken('proxy', 'unsent-reused')), []],
    ['a client that leaves', false, (call) => call.break(broken('downstream', 'no')), ['abandoned 20 at 120']],
    [
      'a client that leaves in the body',
      false,
      (call) => {
        call.head(200)
        call.break(broken('downstream', 'no'))
      },
      ['answered 20 at 120'],
    ],
    [
      'gRPC: OK in the trailers',
      true,
      (call) => {
        call.head(200)
        call.finish(status(0))
      },
      ['answered 20 at 120'],
    ],
    [
      'gRPC: NOT_FOUND is an answer',
      true,
      (call) => {
        call.head(200)
        call.finish(status(5))
      },
      ['answered 20 at 120'],
    ],
    [
      'gRPC: UNAVAILABLE in the trailers',
      true,
      (call) => {
        call.head(200)
        call.finish(status(14))
      },
      ['answered 20 at 120', 'spoiled at 120'],
    ],
    [
      'gRPC: UNAVAILABLE in the head',
      true,
      (call) => {
        call.head(200, status(14))
        call.finish()
      },
      ['failed 20 at 120'],
    ],
  ]

for (const [name, grpc, play, want] of cases) {
  t.test(`an attempt tells its endpoint's meter: ${name}`, async (t) => {
    const { told, call } = attempt(grpc)
    play(call)
    t.strictSame(told, want)
  })
}
