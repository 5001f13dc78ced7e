import t from 'tap'
import { StoredAnswer } from '../../../src/policies/idempotency/answer.ts'
import { type MemoryOptions, MemoryStore } from '../../../src/policies/idempotency/memory-store.ts'
import type { Lease, Look } from '../../../src/policies/idempotency/store.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Events, settled } from '../../support/stubs.ts'

const OPTIONS = { service: 's', policy: 'p', ttl: 1000, release: false, maxKeys: 3, maxBytes: 10_000 }

function store(options: Partial<MemoryOptions> = {}) {
  const clock = new FakeClock()
  const events = new Events()
  return { clock, events, memory: new MemoryStore({ ...OPTIONS, ...options }, clock, events) }
}

function answer(size = 1): StoredAnswer {
  return new StoredAnswer('print', 201, '', [], size, Buffer.alloc(size), undefined)
}

function lease(look: Look): Lease {
  if (look.found !== 'leased') throw new Error(look.found)
  return look.lease
}

t.test('a key is leased, then done, and free again when its ttl has passed', async (t) => {
  const { clock, memory } = store()
  const first = lease(memory.look('k'))
  t.equal(memory.look('k').found, 'in_flight')
  clock.advance(5000)
  t.equal(memory.look('k').found, 'in_flight', 'a lease lasts as long as its request')
  const kept = answer()
  first.settle('done', kept)
  t.same(memory.look('k'), { found: 'done', answer: kept })
  clock.advance(999)
  t.equal(memory.look('k').found, 'done')
  clock.advance(1)
  t.equal(memory.look('k').found, 'leased')
  t.equal(clock.pending, 0, 'no timer')
})

t.test('a key in doubt is held until its ttl, or free where the policy says so', async (t) => {
  const held = store()
  lease(held.memory.look('k')).settle('unknown', undefined)
  t.equal(held.memory.look('k').found, 'unknown')
  held.clock.advance(1000)
  t.equal(held.memory.look('k').found, 'leased')
  const { memory } = store({ release: true })
  lease(memory.look('k')).settle('unknown', undefined)
  t.equal(memory.look('k').found, 'leased')
})

t.test('those who wait are told in a turn of their own; of a free key the first gets it', async (t) => {
  const { memory } = store()
  const first = lease(memory.look('k'))
  const told: string[] = []
  const asker = (name: string) => ({ told: (look: Look) => void told.push(`${name} ${look.found}`) })
  const gone = asker('gone')
  memory.wait('k', asker('a'))
  memory.wait('k', gone)
  memory.wait('k', asker('b'))
  memory.forget(gone)
  first.settle('free', undefined)
  t.same(told, [], 'not inside settle()')
  await settled()
  t.same(told, ['a leased'], 'b waits for a')
})

t.test('one who leaves between the end and being told is told nothing', async (t) => {
  const { memory } = store()
  const first = lease(memory.look('k'))
  const asker = { told: () => t.fail('told') }
  memory.wait('k', asker)
  first.settle('done', answer())
  memory.forget(asker)
  await settled()
})

t.test('a throw of one who was told is a defect, and the others are told all the same', async (t) => {
  const { memory, events } = store()
  const first = lease(memory.look('k'))
  let told = ''
  memory.wait('k', {
    told: () => {
      throw new Error('broken')
    },
  })
  memory.wait('k', { told: (look) => (told = look.found) })
  first.settle('done', answer())
  await settled()
  t.equal(told, 'done')
  t.same(events.log, ['defect idempotency Error: broken'])
})

t.test('full: the oldest answer makes room, never a key in flight or in doubt', async (t) => {
  const { memory } = store()
  lease(memory.look('a')).settle('done', answer())
  lease(memory.look('b')).settle('done', answer())
  lease(memory.look('c')).settle('unknown', undefined)
  lease(memory.look('d'))
  t.equal(memory.look('b').found, 'done')
  t.equal(memory.snapshot().evicted, 1, 'a made room for d')
  lease(memory.look('e'))
  t.equal(memory.look('f').found, 'full')
  t.match(memory.snapshot(), { leased: 2, done: 0, unknown: 1, evicted: 2, bytes: 0 })
  t.equal(memory.look('c').found, 'unknown')
})

t.test('bytes are bounded as well', async (t) => {
  const { memory } = store({ maxKeys: 100 })
  for (let i = 0; i < 20; i++) lease(memory.look(`k${i}`)).settle('done', answer(1000))
  const { bytes, done, evicted } = memory.snapshot()
  t.ok(bytes <= 10_000, `${bytes}`)
  t.equal(done + evicted, 20)
  t.equal(memory.look('k19').found, 'done', 'the newest is there')
})
