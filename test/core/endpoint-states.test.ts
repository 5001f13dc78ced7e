import t from 'tap'
import { EndpointStates } from '../../src/core/endpoint-states.ts'
import type { BulkheadSnapshot } from '../../src/core/events.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { endpointInfo } from '../support/stubs.ts'

class State {
  busy = false
  idle(): boolean {
    return !this.busy
  }
  snapshot(): BulkheadSnapshot {
    throw new Error('nobody looks')
  }
}

t.test('of() finds the state of an address again, whatever object stands for the endpoint', async (t) => {
  const states = new EndpointStates(new FakeClock(), () => new State())
  t.equal(states.of(endpointInfo('a:1')), states.of(endpointInfo('a:1')))
  t.not(states.of(endpointInfo('a:1')), states.of(endpointInfo('b:1')))
})

t.test('idle states of endpoints that left are dropped, busy ones stay', async (t) => {
  const states = new EndpointStates(new FakeClock(), () => new State())
  states.of(endpointInfo('busy:1')).busy = true
  for (let i = 0; i < 10_000; i++) states.of(endpointInfo(`10.0.0.1:${i}`))
  const members = [...states.members()]
  t.ok(members.length <= 64, `${members.length} are kept`)
  t.ok(members.some((state) => state.busy))
})
