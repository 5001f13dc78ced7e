import t from 'tap'
import { type Origin, ResponseHead } from '../../../src/core/exchange.ts'
import { aloneBound, concerns, fateOf, LONGEST_WAIT, waitBound } from '../../../src/policies/idempotency/decide.ts'
import { requestHead, routeInfo } from '../../support/stubs.ts'

function head(status: number, origin: Origin = 'upstream', fields: string[] = []): ResponseHead {
  return new ResponseHead(status, '', fields, -1, origin, '')
}

t.test('concerns() POST and PATCH that are no stream', async (t) => {
  for (const [method, concerned] of [
    ['POST', true],
    ['PATCH', true],
    ['GET', false],
    ['PUT', false],
    ['DELETE', false],
    ['post', false],
  ] as const) {
    t.equal(concerns(requestHead({ method })), concerned, method)
  }
  t.notOk(concerns(requestHead({ method: 'POST', route: { ...routeInfo(), stream: true } })))
  t.notOk(concerns(requestHead({ method: 'POST', upgrade: 'websocket' })))
})

t.test('fateOf() an HTTP request', async (t) => {
  const fate = (status: number | undefined, reached: number, origin: Origin = 'upstream', complete = true) =>
    fateOf({
      ...{ head: status === undefined ? undefined : head(status, origin), trailers: undefined, grpc: false },
      ...{ reached, complete },
    })
  for (const [what, got, expected] of [
    ['created', fate(201, 1), 'done'],
    ['created by the second attempt', fate(201, 2), 'done'],
    ['a final no', fate(404, 1), 'done'],
    ['a conflict', fate(409, 1), 'done'],
    ['invalid', fate(422, 1), 'done'],
    ['a redirect', fate(303, 1), 'done'],
    ['too many', fate(429, 1), 'free'],
    ['too many, behind an attempt nobody heard of', fate(429, 2), 'unknown'],
    ['not known', fate(401, 1), 'free'],
    ['not allowed', fate(403, 1), 'free'],
    ['failed', fate(500, 1), 'unknown'],
    ['unavailable', fate(503, 1), 'unknown'],
    ['too large to keep', fate(201, 1, 'upstream', false), 'unknown'],
    ['no answer', fate(undefined, 1), 'unknown'],
    ['nothing was sent', fate(undefined, 0), 'free'],
    ['ours, nothing was sent', fate(503, 0, 'proxy'), 'free'],
    ['a fallback, nothing was sent', fate(200, 0, 'fallback'), 'free'],
    ['a fallback for an answer that failed', fate(200, 1, 'fallback'), 'unknown'],
    ['ours, after something was sent', fate(504, 1, 'proxy'), 'unknown'],
  ] as const) {
    t.equal(got, expected, what)
  }
})

t.test('fateOf() a gRPC call goes by its status, in the head or behind the messages', async (t) => {
  const fates = ['done', 'unknown', 'unknown', 'done', 'unknown', 'done', 'done', 'free', 'free'] as const
  const rest = ['done', 'done', 'done', 'free', 'unknown', 'unknown', 'unknown', 'free'] as const
  for (const [code, expected] of [...fates, ...rest].entries()) {
    const status = ['grpc-status', `${code}`]
    const common = { grpc: true, reached: 1, complete: true }
    t.equal(fateOf({ head: head(200), trailers: status, ...common }), expected, `trailers ${code}`)
    t.equal(fateOf({ head: head(200, 'upstream', status), trailers: undefined, ...common }), expected, `head ${code}`)
  }
  const none = { head: head(200), trailers: undefined, grpc: true, reached: 1, complete: true }
  t.equal(fateOf(none), 'unknown', 'no status at all')
  t.equal(fateOf({ ...none, head: head(503) }), 'unknown', 'a status of HTTP only')
})

t.test('waitBound() and aloneBound() are the nearer of limit and deadline', async (t) => {
  for (const [now, deadline, wait, alone] of [
    [0, Number.POSITIVE_INFINITY, LONGEST_WAIT, 300_000],
    [100, 2100, 2000, 2000],
    [100, 50, 0, 0],
    [0, 60_000, LONGEST_WAIT, 60_000],
  ] as const) {
    t.equal(waitBound(now, deadline), wait)
    t.equal(aloneBound(now, deadline), alone)
  }
})
