/** What spans hold while they wait for a collector: never the head of their request, which may be of 64 KiB. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { KIND, OtlpReceiver, values } from '../../support/otlp-receiver.ts'
import { World } from '../world.ts'

const TRACING = { sample: 1, propagators: ['tracecontext'] as const }
const FILLER = 60_000

/** Fields and target as a codec has them: cut out of one text. */
function cut(i: number, target: string): { target: string; headers: string[] } {
  const id = (i + 1).toString(16).padStart(16, '0')
  const context = `00-0000000000000001${id}-${id}-01`
  const state = `vendor=${'s'.repeat(40)}`
  const head = Buffer.from([target, context, state, 'curl/8 (for everybody)', 'f'.repeat(FILLER)].join('\n')).toString(
    'latin1',
  )
  let at = 0
  const next = (length: number): string => {
    const text = head.slice(at, at + length)
    at += length + 1
    return text
  }
  return {
    target: next(target.length),
    headers: ['traceparent', next(55), 'tracestate', next(state.length), 'user-agent', next(22), 'x', next(FILLER)],
  }
}

t.test('Spans that wait keep neither heads nor long targets', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const receiver = await new OtlpReceiver().listen(t)
  Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '600000' })
  const world = new World({ environment: process.env, settings: { tracing: TRACING } })
  const ask = (i: number, target: string) => {
    world.ask(cut(i, target))
    world.answer(200)
    world.clock.advance(20)
    // The stub's own memory.
    world.upstream.calls.length = 0
  }
  // The first waits for the SDK, and is sent with the others.
  world.clock.advance(1100)
  await import('../../../src/telemetry/otlp/sdk.ts')
  await new Promise<void>((resolve) => setImmediate(resolve))
  ask(0, '/first')
  collect()
  const before = process.memoryUsage().heapUsed
  for (let i = 1; i <= 100; i++) ask(i, '/v1/items/of-a-name-that-is-cut-out')
  for (let i = 101; i <= 200; i++) ask(i, `/${'t'.repeat(FILLER)}?q=1`)
  collect()
  const kept = (process.memoryUsage().heapUsed - before) / 2 ** 20
  t.ok(kept < 4, `${kept.toFixed(1)} MiB`)
  await world.telemetry.close(10_000)
  t.equal(receiver.spans.length, 2 * 201)
  const long = receiver.spans.slice(-2).map(({ attributes }) => values(attributes))
  t.equal(String(long.find((span) => 'url.path' in span)?.['url.path']).length, 4099)
  t.equal(String(long.find((span) => 'url.full' in span)?.['url.full']).length, 4099)
})

t.test('url.full of what has no path is its authority', async (t) => {
  const receiver = await new OtlpReceiver().listen(t)
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url
  const world = new World({ environment: process.env, settings: { tracing: TRACING } })
  world.ask({ method: 'CONNECT', target: 'inventory.shop:8080' })
  world.answer(200)
  world.ask({ method: 'OPTIONS', target: '*' })
  world.answer(200)
  world.clock.advance(20)
  await world.telemetry.close(10_000)
  const clients = receiver.spans.filter(({ kind }) => kind === KIND.CLIENT)
  t.same(
    clients.map(({ attributes }) => values(attributes)['url.full']),
    ['http://inventory.shop:8080', 'http://inventory.shop:8080'],
  )
})
