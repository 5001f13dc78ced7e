/** The state machine, as gRFC A50 and policies.md 2.5 have it: counting, ejecting, asking, returning. */
import t from 'tap'
import { ProxyError, type Reason, type Retryable, type Source } from '../../../src/core/errors.ts'
import { UNTIL_PAUSED } from '../../../src/core/outgoing.ts'
import type { Call } from '../../support/stubs.ts'
import { answering, bad, type Behaviour, scene, well } from './scene.ts'

function breaking(reason: Reason, source: Source = 'upstream', retryable: Retryable = 'no'): Behaviour {
  return (call) => call.break(new ProxyError(reason, source, retryable, ''))
}

t.test('failures in a row eject, however slowly they come', async (t) => {
  const { clock, send, set, state, events } = scene()
  set(0, bad)
  for (let i = 0; i < 4; i++) {
    t.equal(send(3), '0 1 2')
    clock.advance(20 * 60_000)
  }
  t.equal(state(0), 'ready')
  t.equal(send(3), '0 1 2')
  t.equal(state(0), 'ejected')
  t.same(events, ['0 ejected consecutive'])
  t.equal(send(6), '1 2 1 2 1 2')
})

t.test('a success ends the row, and nothing else does', async (t) => {
  const { send, set, state } = scene({ config: { consecutive: 3 } })
  for (let i = 0; i < 5; i++) {
    set(0, bad)
    send(6)
    set(0, well)
    send(3)
  }
  t.equal(state(0), 'ready')
  set(0, bad)
  send(9)
  t.equal(state(0), 'ejected')
})

t.test('four of five that fail for ever are no row of five, but a rate', async (t) => {
  const { send, set, state, events, clock } = scene()
  for (let i = 0; i < 10; i++) {
    set(0, i % 5 === 4 ? well : bad)
    t.equal(state(0) ?? 'ready', 'ready')
    send(3)
    clock.advance(900)
  }
  // The tenth call made it ten in the window, and went well: the next failure looks at the rate.
  set(0, bad)
  send(3)
  t.equal(state(0), 'ejected')
  t.same(events, ['0 ejected failure_rate'])
})

t.test('what counts as a failure', async (t) => {
  const stalls: Behaviour = (call) => {
    call.head(200)
    call.break(new ProxyError('stream_idle_timeout', 'upstream', 'no', 'stalled'))
  }
  const trailers = (code: number) => answering(200, [], ['grpc-status', String(code)])
  const cases: readonly (readonly [name: string, state: string, Behaviour, grpc?: boolean])[] = [
    ['500', 'ejected', bad],
    ['599', 'ejected', answering(599)],
    ['connect failure', 'ejected', breaking('connect_failure', 'upstream', 'unsent')],
    ['connect timeout', 'ejected', breaking('connect_timeout', 'upstream', 'unsent')],
    ['reset', 'ejected', breaking('upstream_reset', 'upstream', 'unanswered')],
    ['nonsense', 'ejected', breaking('protocol_error_upstream')],
    ['TLS', 'ejected', breaking('tls_failure', 'upstream', 'unsent')],
    ['200 and silence', 'ejected', stalls],
    ['UNAVAILABLE in the head', 'ejected', answering(200, ['grpc-status', '14']), true],
    ['UNAVAILABLE in trailers', 'ejected', trailers(14), true],
    ['INTERNAL in trailers', 'ejected', trailers(13), true],
    ['NOT_FOUND in trailers', 'ready', trailers(5), true],
    ['404', 'ready', answering(404)],
    ['429', 'ready', answering(429)],
    ['the bulkhead', 'ready', breaking('bulkhead_full', 'proxy')],
    ['the breaker', 'ready', breaking('circuit_open', 'proxy')],
    ['the rate limit', 'ready', breaking('rate_limited', 'proxy')],
    ['the pool', 'ready', breaking('pool_exhausted', 'proxy', 'unsent')],
    ['a fault', 'ready', breaking('fault_injected', 'proxy')],
    ['another attempt', 'ready', breaking('superseded', 'proxy')],
    ['the client', 'ready', breaking('client_cancelled', 'downstream')],
    ['a stale connection', 'ready', breaking('upstream_reset', 'upstream', 'unanswered-reused')],
  ]
  for (const [name, expected, behaviour, grpc] of cases) {
    const { send, set, state, ledger } = scene()
    set(0, behaviour)
    send(18, { grpc: grpc === true, method: grpc === true ? 'POST' : 'PUT' })
    t.equal(state(0), expected, name)
    t.same(ledger.breaches, [])
  }
})

t.test('an answer of our own says nothing of the endpoint', async (t) => {
  const { upstream, send, set, state } = scene()
  set(0, bad)
  send(12)
  set(0, (call: Call) => {
    const made = {
      status: 500,
      reasonPhrase: '',
      headers: [],
      bodyLength: 0,
      origin: 'proxy',
      reason: 'fault_injected',
    }
    call.foreign(made as never)
  })
  send(9)
  t.equal(upstream.calls.length, 21)
  t.equal(state(0), 'ready')
})

t.test('a timeout counts only if the endpoint had half of what the policy grants', async (t) => {
  for (const [granted, expected] of [
    [1000, 'ejected'],
    [2100, 'ready'],
  ] as const) {
    const { send, set, state, clock } = scene()
    set(0, (call) => {
      call.request.attempt.granted = granted
      clock.advance(1000)
      call.break(new ProxyError('request_timeout', 'upstream', 'no', ''))
    })
    send(15)
    t.equal(state(0), expected, `${granted}`)
  }
})

t.test('never more than maxEjected, and one always stays', async (t) => {
  for (const [endpoints, maxEjected, out] of [
    [1, 1, 0],
    [2, 0.5, 1],
    [3, 0.1, 1],
    [3, 0.5, 1],
    [3, 1, 2],
    [4, 0.5, 2],
    [3, 0, 0],
  ] as const) {
    const { send, set, states, ask, events } = scene({ endpoints, config: { maxEjected } })
    for (let i = 0; i < endpoints; i++) set(i, bad)
    send(endpoints * 12)
    const ejected = Object.values(states()).filter((it) => it.state === 'ejected')
    t.equal(ejected.length, out, `${maxEjected * 100} % of ${endpoints}`)
    t.equal(ask().client.answer?.status, 500, "the service's own error, no panic")
    const kept = events.filter((line) => line.includes(' kept '))
    t.equal(kept.length, endpoints - out, 'who stays for that reason is told once')
  }
})

t.test('who could not go for the others goes when there is room', async (t) => {
  const { send, set, state, clock } = scene()
  set(0, bad)
  set(1, bad)
  send(15)
  t.strictSame([state(0), state(1)], ['ejected', 'ready'])
  set(0, well)
  clock.advance(30_000)
  t.match(send(1), /^0$/)
  send(6)
  t.strictSame([state(0), state(1)], ['ready', 'ejected'])
})

t.test('when its time is over exactly one request asks, and a success brings it back', async (t) => {
  const { ask, send, set, state, clock, upstream, events } = scene()
  set(0, bad)
  send(15)
  clock.advance(29_999)
  t.equal(send(2).includes('0'), false)
  t.equal(state(0), 'ejected')
  clock.advance(1)
  t.equal(state(0), 'probing')
  set(0, () => {})
  const probe = ask()
  t.same(probe.at, ['0'])
  t.equal(probe.attempt.probing, true)
  t.equal(send(20).includes('0'), false, 'and no other while it is out')
  upstream.calls.find((call) => call.request.attempt.probing)!.head(200)
  t.equal(send(2).includes('0'), false, 'a head is not yet a success')
  upstream.calls.find((call) => call.request.attempt.probing)!.finish()
  t.equal(state(0), 'ready')
  t.same(probe.client.log, ['head 200', 'end'])
  t.same(events, ['0 ejected consecutive', 'outlier probe', '0 returned probe_ok'])
  set(0, well)
  const slowly = send(42).split('0').length - 1
  t.ok(slowly >= 1 && slowly <= 4, `it starts slowly, beside two others: ${slowly} of 42`)
  clock.advance(30_000)
  t.equal(send(30).split('0').length - 1, 10, 'one of three')
})

t.test('a failure of the probe ejects for longer, time after time, and the count comes down in service', async (t) => {
  const { send, set, state, states, clock, events } = scene()
  set(0, bad)
  send(15)
  const time = () => states()['0']!.ejectedFor
  t.equal(time(), 30)
  for (const expected of [60, 90, 120, 150, 180, 210, 240, 270, 300, 300]) {
    clock.advance(time() * 1000)
    send(1)
    t.equal(time(), expected)
  }
  t.equal(events.filter((line) => line === '0 ejected probe_failed').length, 10)
  set(0, well)
  clock.advance(300_000)
  send(1)
  t.equal(state(0), 'ready')
  clock.advance(9 * 30_000)
  set(0, bad)
  send(15)
  t.equal(time(), 90, 'eleven times, nine of them forgotten, and once more')
})

t.test('a cancelled probe gives its permit back', async (t) => {
  const { ask, send, set, state, clock } = scene()
  set(0, bad)
  send(15)
  clock.advance(30_000)
  set(0, () => {})
  const probe = ask()
  t.same(probe.at, ['0'])
  probe.body.abort(new ProxyError('client_cancelled', 'downstream', 'no', 'left'))
  t.equal(state(0), 'probing')
  set(0, well)
  t.same(ask().at, ['0'])
  t.equal(state(0), 'ready')
})

t.test('a probe that stays silent has failed after a minute, one whose body takes its time has not', async (t) => {
  for (const [answered, expected] of [
    [false, 'ejected'],
    [true, 'ready'],
  ] as const) {
    const { ask, send, set, state, clock, upstream } = scene()
    set(0, bad)
    send(15)
    clock.advance(30_000)
    set(0, () => {})
    ask()
    if (answered) upstream.last.head(200)
    const probe = upstream.last
    clock.advance(59_999)
    send(2)
    t.equal(state(0), 'probing')
    clock.advance(1)
    send(1)
    t.equal(state(0), expected)
    if (!answered) probe.head(200)
    probe.finish()
    t.equal(state(0), expected, 'what it says afterwards counts no more')
  }
})

t.test('only what goes elsewhere if it fails may ask: never a POST', async (t) => {
  const due = (retry: Parameters<typeof scene>[0] = {}) => {
    const made = scene(retry)
    made.set(0, bad)
    made.send(15)
    made.clock.advance(30_000)
    return made
  }
  const { send, ask } = due()
  t.equal(send(10, { method: 'POST' }).includes('0'), false)
  t.equal(send(2, { method: 'PUT', bodyLength: UNTIL_PAUSED + 1 }).includes('0'), false, 'more than is kept')
  t.equal(send(2, { method: 'PUT', bodyLength: -1 }).includes('0'), false, 'who knows how much')
  t.equal(send(2, { upgrade: 'websocket' }).includes('0'), false)
  t.equal(send(4, { grpc: true, method: 'POST' }).includes('0'), false, 'nobody said that gRPC calls may be repeated')
  t.same(ask({ method: 'POST', headers: ['Idempotency-Key', 'k'] }).at, ['0', '1'])
  t.equal(due({ retry: { max: 1 } }).send(1, { grpc: true, method: 'POST' }), '0', 'retry says so')
  t.equal(
    due({ retry: { max: 2, methods: 'any', unsafe: true } })
      .send(4, { method: 'POST' })
      .includes('0'),
    false,
  )
})

t.test('a health check that went well after its time brings it back', async (t) => {
  const { send, set, state, clock, service, events } = scene()
  set(0, bad)
  send(15)
  const endpoint = service.endpoints[0] as unknown as { wellAt: number }
  endpoint.wellAt = clock.now()
  send(1, { method: 'POST' })
  t.equal(state(0), 'ejected', 'not before')
  clock.advance(31_000)
  send(1, { method: 'POST' })
  t.equal(state(0), 'probing', 'that was before')
  endpoint.wellAt = clock.now()
  send(1, { method: 'POST' })
  t.equal(state(0), 'ready')
  t.equal(events.at(-1), '0 returned health_check')
})

t.test('what was in flight at an ejection neither prolongs nor ends it', async (t) => {
  const { ask, send, set, states, state, upstream, clock } = scene()
  set(0, () => {})
  for (let i = 0; i < 24; i++) ask()
  const late = upstream.calls.filter((call) => call.request.attempt.endpoint?.address === '0')
  for (const call of late.slice(0, 5)) bad(call)
  t.equal(state(0), 'ejected')
  bad(late[5]!)
  well(late[6]!)
  t.match(states()['0'], { state: 'ejected', times: 1 })
  clock.advance(30_000)
  set(0, well)
  send(1)
  t.equal(state(0), 'ready')
  bad(late[7]!)
  t.match(states()['0'], { consecutive: 0 })
})
