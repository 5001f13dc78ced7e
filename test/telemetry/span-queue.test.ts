import t from 'tap'
import { SampledExchange } from '../../src/telemetry/sampled.ts'
import { SpanQueue } from '../../src/telemetry/span-queue.ts'
import { TraceContext } from '../../src/telemetry/trace-context.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { requestHead } from '../support/stubs.ts'

function ended(headers: readonly string[] = []): SampledExchange {
  return new SampledExchange(new TraceContext(), requestHead({ headers }), undefined)
}

function exporting(queue: SpanQueue): SampledExchange[] {
  const exported: SampledExchange[] = []
  queue.open({ export: (exchange) => void exported.push(exchange), shutdown: () => Promise.resolve() })
  return exported
}

t.test('SpanQueue holds 2048 exchanges until there is an exporter; the rest is counted', async (t) => {
  const clock = new FakeClock()
  const queue = new SpanQueue(clock)
  for (let i = 0; i < 2050; i++) queue.push(ended())
  clock.advance(20)
  t.equal(queue.dropped, 2)
  t.equal(exporting(queue).length, 2048)
  for (let i = 0; i < 2048; i++) queue.push(ended())
  t.equal(queue.dropped, 2)
})

t.test('SpanQueue holds 8 MiB: large heads leave room for fewer', async (t) => {
  const queue = new SpanQueue(new FakeClock())
  const large = ['x-large', 'x'.repeat(63 * 1024)]
  for (let i = 0; i < 200; i++) queue.push(ended(large))
  t.equal(queue.dropped, 200 - 127)
  t.equal(exporting(queue).length, 127)
  queue.push(ended(large))
  t.equal(queue.dropped, 200 - 127)
})
