import t from 'tap'
import type { AttemptKind } from '../../../src/core/exchange.ts'
import { Attempt } from '../../../src/core/exchange.ts'
import {
  ejectionTime,
  mayProbe,
  mostEjected,
  probeBound,
  timesEjected,
  whyEject,
} from '../../../src/policies/outlier/decide.ts'
import { type RequestOptions, requestHead } from '../../support/stubs.ts'

t.test('whyEject() counts failures in a row, or the rate of enough calls', async (t) => {
  for (const [consecutive, limit, calls, failed, expected] of [
    [4, 5, 4, 4, ''],
    [5, 5, 5, 5, 'consecutive'],
    [6, 5, 6, 6, 'consecutive'],
    [1, 1, 1, 1, 'consecutive'],
    [4, 5, 9, 9, ''],
    [4, 5, 10, 8, 'failure_rate'],
    [4, 5, 10, 7, ''],
    [1, 5, 1000, 800, 'failure_rate'],
    [1, 5, 1000, 799, ''],
  ] as const) {
    t.equal(whyEject(consecutive, limit, calls, failed), expected, `${consecutive}/${limit} ${failed}/${calls}`)
  }
})

t.test('mostEjected() always leaves one, and lets one go where there are two', async (t) => {
  for (const [endpoints, share, expected] of [
    [0, 0.5, 0],
    [1, 1, 0],
    [2, 0.5, 1],
    [2, 0.1, 1],
    [2, 1, 1],
    [3, 0.1, 1],
    [3, 0.5, 1],
    [3, 0.67, 2],
    [3, 1, 2],
    [4, 0.5, 2],
    [5, 0.5, 2],
    [10, 0.3, 3],
    [100, 0.29, 29],
    [100, 1, 99],
    [3, 0, 0],
  ] as const) {
    t.equal(mostEjected(endpoints, share), expected, `${share * 100} % of ${endpoints}`)
  }
})

t.test('timesEjected() goes up by one, and down by one for each ejectFor in service', async (t) => {
  const base = 30_000
  for (const [before, inService, expected] of [
    [0, 0, 1],
    [0, 1e9, 1],
    [1, 0, 2],
    [1, 29_999, 2],
    [1, 30_000, 1],
    [4, 60_000, 3],
    [4, 1e9, 1],
    [10, 0, 11],
    [11, 0, 11],
    [1000, 0, 11],
  ] as const) {
    t.equal(timesEjected(before, inService, base), expected, `${before} times, ${inService} ms`)
  }
})

t.test('ejectionTime() grows with each time up to five minutes, and spreads', async (t) => {
  for (const [base, times, chance, expected] of [
    [30_000, 1, 0.5, 30_000],
    [30_000, 3, 0.5, 90_000],
    [30_000, 10, 0.5, 300_000],
    [30_000, 11, 0.5, 300_000],
    [30_000, 1, 0, 24_000],
    [30_000, 1, 0.999999, 36_000],
    [600_000, 1, 0.5, 600_000],
    [600_000, 5, 0.5, 600_000],
  ] as const) {
    t.equal(Math.round(ejectionTime(base, times, 0.2, chance)), expected, `${base} x ${times}, ${chance}`)
  }
})

t.test('probeBound() leaves half of the time for whoever is asked instead', async (t) => {
  t.equal(probeBound(2000), 1000)
})

t.test('mayProbe() asks who would send it elsewhere, else what may be repeated', async (t) => {
  const may = (options: RequestOptions, kind: AttemptKind = 'first', moves?: boolean) => {
    const head = requestHead(options)
    const attempt = new Attempt(kind, false, false)
    if (moves !== undefined) attempt.mover = { moves: () => moves, movesOnSilence: () => moves }
    return mayProbe(head.forAttempt(attempt, true))
  }
  t.equal(may({}), true, 'GET')
  t.equal(may({ method: 'DELETE' }), true, 'DELETE')
  t.equal(may({ method: 'POST' }), false, 'never a POST')
  t.equal(may({ method: 'PUT', bodyLength: 3 }), false, 'a body that nobody keeps')
  t.equal(may({ method: 'POST' }, 'first', true), true, 'retry would send it again')
  t.equal(may({}, 'first', false), false, 'retry would not')
  for (const kind of ['retry', 'transparent', 'hedge'] as const) t.equal(may({}, kind, true), false, kind)
  t.equal(may({ upgrade: 'websocket' }, 'first', true), false, 'an upgrade')
  t.equal(may({ method: 'CONNECT' }, 'first', true), false, 'a tunnel')
})
