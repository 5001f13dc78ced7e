import t from 'tap'
import { ProbeGate } from '../../../src/upstream/health/probe-gate.ts'

function probers(names: string) {
  const log: string[] = []
  return { log, all: [...names].map((name) => ({ probe: () => void log.push(name) })) }
}

t.test('ProbeGate lets as many through as it may, the others in their order', async (t) => {
  const gate = new ProbeGate(2)
  const { log, all } = probers('abcde')
  for (const one of all) gate.enter(one)
  t.equal(log.join(''), 'ab')
  gate.leave()
  t.equal(log.join(''), 'abc')
  gate.leave()
  gate.leave()
  t.equal(log.join(''), 'abcde')
})

t.test('ProbeGate.forget(): who is gone is not called, and takes no place', async (t) => {
  const gate = new ProbeGate(1)
  const { log, all } = probers('abc')
  for (const one of all) gate.enter(one)
  gate.forget(all[1]!)
  gate.leave()
  t.equal(log.join(''), 'ac')
  gate.leave()
  gate.enter(all[1]!)
  t.equal(log.join(''), 'acb')
})
