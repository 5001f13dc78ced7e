import t from 'tap'
import { ask, get } from '../support/ask.ts'
import { HI, policy, scene } from '../support/scene.ts'
import { World } from './world.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const EXPORTER = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
const B3 = { tracing: { sample: 0, propagators: ['tracecontext', 'b3'] as const } }

function fields(world: World, ...names: string[]): (string | undefined)[] {
  return names.map((name) => world.wireField(name))
}

t.test('A request without a context gets one, unsampled, and a new span for each attempt', async (t) => {
  const world = new World()
  world.ask()
  const first = world.wireField('traceparent') ?? ''
  t.match(first, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  world.attempt('retry')
  const second = world.wireField('traceparent') ?? ''
  t.equal(second.slice(0, 36), first.slice(0, 36))
  t.not(second, first)
  t.equal(world.wireField('b3'), undefined)
})

t.test('A sampled fraction says so in the flags', async (t) => {
  const world = new World({ settings: { tracing: { sample: 1, propagators: ['tracecontext'] } } })
  world.ask()
  t.match(world.wireField('traceparent'), /-01$/)
})

t.test('OTEL_TRACES_SAMPLER wins over the Sidecar document', async (t) => {
  const cases: [Record<string, string>, string][] = [
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, '01'],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, '01'],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, '00'],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, '00'],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' }, '01'],
  ]
  for (const [environment, flags] of cases) {
    const world = new World({ environment })
    world.ask()
    t.match(world.wireField('traceparent'), new RegExp(`-${flags}$`), `${environment.OTEL_TRACES_SAMPLER}`)
  }
})

t.test("Without an exporter the caller's context goes on as it came: we are no node of that trace", async (t) => {
  const world = new World({ settings: B3 })
  const headers = ['Traceparent', `00-${TRACE}-${SPAN}-01`, 'tracestate', 'a=b', 'baggage', 'k=v', 'accept', '*/*']
  world.ask({ headers })
  t.same(world.wire, [...headers, 'b3', `${TRACE}-${SPAN}-1`])
})

t.test('With one, each attempt is a span between the caller and the upstream', async (t) => {
  const world = new World({ environment: EXPORTER })
  world.ask({ headers: ['Traceparent', `00-${TRACE}-${SPAN}-00`, 'tracestate', 'a=b', 'baggage', 'k=v'] })
  const sent = world.wireField('traceparent') ?? ''
  t.equal(sent.slice(0, 36), `00-${TRACE}-`)
  t.not(sent.slice(36, 52), SPAN)
  t.equal(sent.slice(53), '00')
  t.notOk(world.wire.includes('Traceparent'))
  t.same(fields(world, 'tracestate', 'baggage'), ['a=b', 'k=v'])
  await world.telemetry.close()
})

t.test('A broken traceparent begins a new trace, and its state goes no further', async (t) => {
  const broken = [
    'nonsense',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-0x`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}_${SPAN}-01`,
    '',
  ]
  for (const traceparent of broken) {
    const world = new World()
    world.ask({ headers: ['traceparent', traceparent, 'tracestate', 'a=b'] })
    const sent = world.wireField('traceparent') ?? ''
    t.match(sent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/, traceparent)
    t.notMatch(sent, TRACE)
    t.equal(world.wireField('tracestate'), undefined)
    t.equal(world.wire.filter((field) => field === 'traceparent').length, 1)
  }
})

t.test('Two traceparents are none', async (t) => {
  const world = new World()
  world.ask({ headers: ['traceparent', `00-${TRACE}-${SPAN}-01`, 'traceparent', `00-${TRACE}-${SPAN}-01`] })
  t.notMatch(world.wireField('traceparent'), TRACE)
})

t.test('A later version is read as far as we know it', async (t) => {
  const world = new World()
  world.ask({ headers: ['traceparent', `cc-${TRACE}-${SPAN}-01-what-comes-later`] })
  t.match(world.wireField('traceparent'), TRACE)
})

t.test('b3 in either form is accepted, and answered in kind beside traceparent', async (t) => {
  const single = new World({ settings: B3, environment: EXPORTER })
  single.ask({ headers: ['b3', `${TRACE}-${SPAN}-0`] })
  const id = single.wireField('traceparent')?.slice(36, 52) ?? ''
  t.same(fields(single, 'traceparent', 'b3'), [`00-${TRACE}-${id}-00`, `${TRACE}-${id}-0`])

  const multi = new World({ settings: B3, environment: EXPORTER })
  const short = TRACE.slice(16)
  multi.ask({ headers: ['X-B3-TraceId', short, 'X-B3-SpanId', SPAN, 'X-B3-Sampled', '0'] })
  const other = multi.wireField('traceparent')?.slice(36, 52) ?? ''
  const padded = `${'0'.repeat(16)}${short}`
  t.same(fields(multi, 'traceparent', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'b3'), [
    `00-${padded}-${other}-00`,
    padded,
    other,
    '0',
    undefined,
  ])
  t.notOk(multi.wire.includes('X-B3-TraceId'))
  await Promise.all([single.telemetry.close(), multi.telemetry.close()])
})

t.test('b3 may say no more than its decision', async (t) => {
  for (const [b3, flags] of [
    ['0', '00'],
    ['1', '01'],
    ['d', '01'],
  ] as const) {
    const world = new World({ settings: B3 })
    world.ask({ headers: ['b3', b3] })
    t.match(world.wireField('traceparent'), new RegExp(`-${flags}$`))
    t.match(world.wireField('b3'), new RegExp(`^[0-9a-f]{32}-[0-9a-f]{16}-${b3}$`))
  }
})

t.test("b3 fields are somebody else's where b3 is no propagator", async (t) => {
  const world = new World()
  world.ask({ headers: ['b3', `${TRACE}-${SPAN}-1`] })
  t.equal(world.wireField('b3'), `${TRACE}-${SPAN}-1`)
  t.notMatch(world.wireField('traceparent'), TRACE)
})

t.test('A Service may be told less', async (t) => {
  for (const propagate of ['trace', 'none'] as const) {
    const world = new World()
    world.telemetry.observe({
      snapshots: () => [],
      endpoints: () => [],
      replayBytes: () => 0,
      connections: () => 0,
      config: () => ({ hash: '', lastReloadSuccess: true, loadedAt: 0, warnings: 0 }),
      propagate: () => propagate,
    })
    world.ask({ headers: ['baggage', 'k=v', 'traceparent', `00-${TRACE}-${SPAN}-00`, 'accept', '*/*'] })
    t.equal(world.wireField('baggage'), undefined)
    t.equal(world.wireField('traceparent') === undefined, propagate === 'none')
    t.equal(world.wireField('accept'), '*/*')
  }
})

t.test('Nor how often we asked and how long we wait', async (t) => {
  for (const propagate of ['all', 'trace', 'none'] as const) {
    const { origin, port } = await scene(t, HI, {
      service: `propagate: ${propagate}`,
      yaml: policy('timeout: {request: 5s}'),
    })
    await ask(port, get('/'))
    const names = origin.requests[0]!.fields.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
    const told = names.filter((name) => name.startsWith('x-outrigger-'))
    t.same(told, propagate === 'all' ? ['x-outrigger-attempt', 'x-outrigger-timeout-ms'] : [])
    t.ok(names.includes('via'))
  }
})

t.test('What is passed through to an unknown host gets nothing from us', async (t) => {
  const route = {
    direction: 'outbound',
    service: 'passthrough',
    template: '*',
    stream: undefined,
    telemetry: undefined,
  } as const
  const world = new World({ route: { ...route } })
  world.ask({ headers: ['accept', '*/*'] })
  t.same(world.wire, ['accept', '*/*'])
})
