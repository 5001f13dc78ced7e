/** What outlives a reload and a look-up, what does not, and what only watches. */
import t from 'tap'
import { bad, scene, well } from './scene.ts'

t.test('a reload keeps what is known; new endpoints of the same address are the same', async (t) => {
  const before = scene()
  before.set(0, bad)
  before.send(15)
  const after = scene({ after: before.scope })
  after.set(0, bad)
  t.equal(after.send(4).includes('0'), false)
  after.clock.advance(30_000)
  t.equal(after.send(1).startsWith('0'), true)
})

t.test('a look-up that leaves one endpoint brings it back', async (t) => {
  const { service, send, set, state, events } = scene()
  set(0, bad)
  send(15)
  service.endpoints = service.endpoints.slice(0, 1)
  t.equal(send(3), '0 0 0')
  t.equal(state(0), 'ready')
  t.equal(events.at(-1), '0 returned too_few_left')
})

t.test('who left and comes again while its time is not over is still ejected', async (t) => {
  const { service, send, set, state } = scene()
  set(0, bad)
  send(15)
  const all = service.endpoints
  service.endpoints = all.slice(1)
  t.equal(send(2).includes('0'), false)
  t.equal(state(0), undefined, 'not shown')
  service.endpoints = [...all]
  t.equal(send(2).includes('0'), false)
  t.equal(state(0), 'ejected')
})

t.test('addresses that come and go for months are forgotten', async (t) => {
  const { service, make, send, clock, states, scope } = scene()
  for (let i = 0; i < 3000; i++) {
    service.endpoints = [make(`10.0.${i}`), make(`10.1.${i}`)]
    send(2)
    clock.advance(20)
  }
  clock.advance(700_000)
  service.endpoints = [make('a'), make('b')]
  send(2)
  t.equal(Object.keys(states()).length, 2, 'only those that are there are shown')
  const group = scope.states.get('outliers inventory') as unknown as { known: number }
  t.ok(group.known < 2000, `${group.known} are remembered`)
})

t.test('shadow mode ejects nobody, and says whom it would have', async (t) => {
  const { send, set, states, clock, events } = scene({ mode: 'shadow' })
  set(0, bad)
  send(15)
  t.same(events, ['0 would be ejected consecutive', 'outlier would eject'])
  const seen = states()['0']!
  t.match(seen, { state: 'ejected', mode: 'shadow' })
  t.match(send(6), /0/, 'it goes on')
  t.equal(events.length, 2)
  clock.advance(30_000)
  t.notMatch(send(3), />/, 'nothing is sent elsewhere')
  t.equal(events[2], '0 would be ejected probe_failed')
  set(0, well)
  clock.advance(60_000)
  send(3)
  t.equal(events.at(-1), '0 would be returned probe_ok')
})

t.test('from shadow to enforce it acts on what it knows', async (t) => {
  const before = scene({ mode: 'shadow' })
  before.set(0, bad)
  before.send(15)
  const after = scene({ after: before.scope })
  t.equal(after.send(4).includes('0'), false)
})
