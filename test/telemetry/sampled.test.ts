import t from 'tap'
import { SampledExchange } from '../../src/telemetry/sampled.ts'
import { TraceContext } from '../../src/telemetry/trace-context.ts'
import { requestHead } from '../support/stubs.ts'

t.test('SampledExchange.decided() keeps the first 128 decisions', (t) => {
  const sampled = new SampledExchange(new TraceContext(), requestHead({}), undefined)
  const other = new SampledExchange(new TraceContext(), requestHead({}), undefined)
  for (let at = 0; at < 200; at++) sampled.decided({ name: 'x', at, attributes: {} })
  t.equal(sampled.events.length, 128)
  t.equal(sampled.events[127]?.at, 127)
  t.equal(other.events.length, 0)
  t.end()
})
