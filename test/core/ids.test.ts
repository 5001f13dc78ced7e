import t from 'tap'
import { Ids } from '../../src/core/ids.ts'
import { systemRandom } from '../../src/core/random.ts'

t.test('Ids: lower-case hex of their length, no two alike, over many sheets', async (t) => {
  const ids = new Ids(systemRandom())
  const seen = new Set<string>()
  const kinds: [() => string, RegExp][] = [
    [() => ids.traceId(), /^[0-9a-f]{32}$/],
    [() => ids.spanId(), /^[0-9a-f]{16}$/],
    [() => ids.traceparent(), /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/],
  ]
  let wrong = 0
  for (let i = 0; i < 3000; i++) {
    const [make, form] = kinds[i % 3] as [() => string, RegExp]
    const id = make()
    if (!form.test(id)) wrong++
    // The parts of a traceparent are as random as the whole.
    for (const part of id.split('-').filter(({ length }) => length > 2)) seen.add(part)
  }
  t.equal(wrong, 0)
  t.equal(seen.size, 4000)
})

t.test('Ids.traceparent: every digit is drawn', async (t) => {
  const ids = new Ids(systemRandom())
  const drawn = Array.from({ length: 55 }, () => new Set<string>())
  for (let i = 0; i < 400; i++) for (const [at, digit] of [...ids.traceparent()].entries()) drawn[at]?.add(digit)
  const fixed = drawn.flatMap(({ size }, at) => (size === 1 ? [at] : []))
  t.same(fixed, [0, 1, 2, 35, 52, 53, 54])
  t.same(new Set(drawn.filter(({ size }) => size > 1).map(({ size }) => size)), new Set([16]))
})
