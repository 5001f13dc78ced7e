import t from 'tap'
import { PERIOD } from '../../../src/runtime/memory/decide.ts'
import { GivingBack } from '../../../src/runtime/memory/giving-back.ts'
import { trimmer } from '../../../src/runtime/memory/malloc.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const MIB = 1024 * 1024

t.test('GivingBack: each look is at the CPU since the one before, and each step ends with a trim', async (t) => {
  const clock = new FakeClock()
  const said: string[] = []
  let cpu = 0
  let held = 60
  const back = new GivingBack(clock, {
    cpu: () => cpu,
    held: () => held * MIB,
    collect: () => void said.push('collect'),
    purge: () => void said.push('purge'),
    trim: () => void said.push('trim'),
    drop: () => void said.push('drop'),
  })
  const look = (share: number) => {
    cpu += share * PERIOD * 1000
    clock.advance(PERIOD + 8)
    return said.splice(0).join(' ')
  }
  back.start()
  t.equal(look(1), 'trim drop', 'a full core')
  t.equal(look(0), '')
  t.equal(look(0), 'purge trim drop')
  held = 80
  t.equal(look(0.2), '', 'within a second of the last')
  t.same(
    Array.from({ length: 4 }, () => look(0.2)).filter((words) => words !== ''),
    ['trim'],
  )
  held = 100
  const later = Array.from({ length: 50 }, () => look(0.2)).filter((words) => words !== '')
  t.ok(later.includes('collect trim drop'), later.join(', '))
  const spaced = Array.from({ length: 90 }, () => {
    held += 5
    return look(1)
  })
  const drops = spaced.flatMap((words, at) => (words.includes('drop') ? [at] : []))
  t.equal(spaced.filter((words) => words.includes('trim')).length, 23, 'each second, as more is held')
  t.equal(drops.length, 1, 'pages of files go twenty seconds after the last time, while there is work')
  t.ok((drops[0] as number) * (PERIOD + 8) > 10_000, drops.join(', '))
  back.stop()
  held += 100
  t.equal(look(0), '', 'stopped')
})

t.test('trimmer(): may be called, also where there is nothing to call', async (t) => {
  const warned: string[] = []
  process.on('warning', ({ name }) => warned.push(name))
  const trim = trimmer()
  trim()
  await new Promise((resolve) => setImmediate(resolve))
  t.same(warned, [], 'nothing is said of an experiment')
})
