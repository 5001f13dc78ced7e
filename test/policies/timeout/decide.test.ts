import t from 'tap'
import { isStream } from '../../../src/core/streams.ts'
import { Attempt, type AttemptKind, ResponseHead } from '../../../src/core/exchange.ts'
import type { Headers } from '../../../src/core/headers.ts'
import {
  blame,
  firstLook,
  limitsOf,
  type Look,
  nextLook,
  perTryOf,
  runOut,
  type Standing,
} from '../../../src/policies/timeout/decide.ts'
import { type RequestOptions, requestHead, routeInfo } from '../../support/stubs.ts'
import { NOTHING } from './scene.ts'

const INFINITE = Number.POSITIVE_INFINITY

t.test('limitsOf() bounds silence and connecting where nobody states anything', async (t) => {
  t.strictSame(limitsOf(NOTHING), {
    perTry: INFINITE,
    connect: 1000,
    idle: 300_000,
    streamIdle: 3_600_000,
    maxStream: INFINITE,
    granted: INFINITE,
  })
})

t.test('limitsOf() takes a stated idle for streams, too, and grants the lesser of perTry and request', async (t) => {
  t.match(limitsOf({ ...NOTHING, idle: 10 }), { idle: 10, streamIdle: 10 })
  t.equal(limitsOf({ ...NOTHING, request: 2000, perTry: 500 }).granted, 500)
  t.equal(limitsOf({ ...NOTHING, request: 2000 }).granted, 2000)
})

t.test('firstLook() is at whatever may run out first', async (t) => {
  const limits = limitsOf({ ...NOTHING, idle: 800, maxStream: 90 })
  t.equal(firstLook(limits, INFINITE), 90)
  t.equal(firstLook(limits, 20), 20)
  t.equal(firstLook(limitsOf({ ...NOTHING, idle: 800 }), INFINITE), 100)
})

const QUIET: Look = { now: 1000, deadline: INFINITE, quietSince: 1000, idle: 800, streamEnd: INFINITE }

t.test('runOut() names what ran out, the deadline first', async (t) => {
  t.equal(runOut(QUIET), undefined)
  t.equal(runOut({ ...QUIET, deadline: 1001 }), undefined)
  t.equal(runOut({ ...QUIET, deadline: 1000 }), 'request_timeout')
  t.equal(runOut({ ...QUIET, streamEnd: 1000 }), 'max_stream_duration')
  t.equal(runOut({ ...QUIET, quietSince: 200 }), 'stream_idle_timeout')
  t.equal(runOut({ ...QUIET, quietSince: 201 }), undefined)
  t.equal(runOut({ ...QUIET, quietSince: 0, deadline: 900 }), 'request_timeout')
})

t.test('nextLook() comes in time for everything that may run out', async (t) => {
  t.equal(nextLook(QUIET), 100)
  t.equal(nextLook({ ...QUIET, quietSince: 250 }), 50)
  t.equal(nextLook({ ...QUIET, deadline: 1030 }), 30)
  t.equal(nextLook({ ...QUIET, streamEnd: 1020 }), 20)
})

function answer(status: number, headers: Headers = []): ResponseHead {
  return new ResponseHead(status, '', headers, -1, 'upstream', '')
}

t.test('isStream() knows upgrades, tunnels and event streams, and believes the file', async (t) => {
  const events: Headers = ['Content-Type', 'Text/Event-Stream; charset=utf-8']
  const rows: [string, RequestOptions, ResponseHead, boolean][] = [
    ['plain', {}, answer(200), false],
    ['JSON', {}, answer(200, ['content-type', 'application/json']), false],
    ['events', {}, answer(200, events), true],
    ['an accepted upgrade', { upgrade: 'websocket' }, answer(101), true],
    ['a refused upgrade', { upgrade: 'websocket' }, answer(403), false],
    ['a tunnel', { method: 'CONNECT' }, answer(200), true],
    ['a refused tunnel', { method: 'CONNECT' }, answer(403), false],
    ['said to be one', { route: routeInfo('inventory', '*', true) }, answer(200), true],
    ['said to be none', { route: routeInfo('inventory', '*', false) }, answer(200, events), false],
  ]
  for (const [name, asked, head, expected] of rows) t.equal(isStream(requestHead(asked), head), expected, name)
})

t.test('blame() holds a client that stalls to account, not the upstream', async (t) => {
  const standing: Standing = { sent: true, requestPaused: false, responsePaused: false }
  t.equal(blame('request_timeout', standing), 'upstream')
  t.equal(blame('stream_idle_timeout', standing), 'upstream')
  t.equal(blame('stream_idle_timeout', { ...standing, sent: false }), 'downstream')
  t.equal(blame('stream_idle_timeout', { ...standing, sent: false, requestPaused: true }), 'upstream')
  t.equal(blame('request_timeout', { ...standing, responsePaused: true }), 'downstream')
  t.equal(blame('max_stream_duration', standing), 'proxy')
})

t.test('perTryOf() lets the last of at least one retry run to the deadline, if there is one', async (t) => {
  const limits = limitsOf({ ...NOTHING, perTry: 500 })
  const of = (kind: AttemptKind, last: boolean, deadline: number) =>
    perTryOf(limits, new Attempt(kind, last, false), deadline)
  t.equal(of('first', true, 2000), 500)
  t.equal(of('transparent', true, 2000), 500)
  t.equal(of('retry', false, 2000), 500)
  t.equal(of('retry', true, INFINITE), 500)
  t.equal(of('retry', true, 2000), INFINITE)
})
