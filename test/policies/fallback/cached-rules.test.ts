import t from 'tap'
import { ResponseHead } from '../../../src/core/exchange.ts'
import { fieldValue, keyPart, partsOf, targetOf, variantOf, varyOf } from '../../../src/policies/fallback/cached-key.ts'
import {
  ageIn,
  ageOf,
  invalidates,
  isGone,
  LARGEST,
  mayBeKept,
  mayBeServed,
  mayMeetCopy,
} from '../../../src/policies/fallback/cached-rules.ts'
import { type RequestOptions, requestHead, responseHead } from '../../support/stubs.ts'

t.test('which requests may meet a copy, alone and with shared: true', async (t) => {
  const cases: readonly [RequestOptions, plain: boolean, shared: boolean][] = [
    [{}, true, true],
    [{ method: 'HEAD' }, true, true],
    [{ method: 'POST' }, false, false],
    [{ method: 'OPTIONS' }, false, false],
    [{ bodyLength: 3 }, false, false],
    [{ bodyLength: -1 }, false, false],
    [{ grpc: true }, false, false],
    [{ upgrade: 'websocket' }, false, false],
    [{ headers: ['Authorization', 'Bearer x'] }, false, true],
    [{ headers: ['COOKIE', 'a=b'] }, false, true],
    [{ headers: ['x-user-id', '7', 'if-none-match', '"a"'] }, true, true],
  ]
  for (const [options, plain, shared] of cases) {
    t.equal(mayMeetCopy(requestHead(options), false), plain, JSON.stringify(options))
    t.equal(mayMeetCopy(requestHead(options), true), shared, `${JSON.stringify(options)} shared`)
  }
})

t.test('which requests a copy may answer', async (t) => {
  for (const [headers, expected] of [
    [[], true],
    [['If-None-Match', '"a"'], true],
    [['If-Modified-Since', 'x'], true],
    [['Cache-Control', 'no-cache'], true],
    [['Range', 'bytes=0-1'], false],
    [['If-Match', '"a"'], false],
    [['If-Unmodified-Since', 'x'], false],
  ] as const) {
    t.equal(mayBeServed(requestHead({ headers }), false), expected, headers.join(' '))
  }
})

t.test('which answers may be kept, alone and with shared: true', async (t) => {
  const cases: readonly [status: number, headers: readonly string[], plain: boolean, shared: boolean][] = [
    [200, [], true, true],
    [203, [], true, true],
    [204, [], true, true],
    [201, [], false, false],
    [202, [], false, false],
    [206, ['content-range', 'bytes 0-1/9'], false, false],
    [200, ['content-range', 'bytes 0-1/9'], false, false],
    [304, [], false, false],
    [404, [], false, false],
    [500, [], false, false],
    [200, ['Set-Cookie', 'a=b'], false, true],
    [200, ['Cache-Control', 'max-age=60, private'], false, true],
    [200, ['Cache-Control', 'No-Store'], false, true],
    [200, ['Cache-Control', 'no-cache="set-cookie"'], false, true],
    [200, ['Cache-Control', 'max-age=0', 'cache-control', 'must-revalidate'], false, true],
    [200, ['Cache-Control', 'proxy-revalidate'], false, true],
    [200, ['Cache-Control', 'public, max-age=0, s-maxage=1'], true, true],
    [200, ['x-outrigger-fallback', 'static'], false, false],
    [200, ['content-type', 'text/event-stream'], false, false],
  ]
  for (const [status, headers, plain, shared] of cases) {
    t.equal(mayBeKept(requestHead(), responseHead(status, headers), false), plain, `${status} ${headers.join(' ')}`)
    t.equal(
      mayBeKept(requestHead(), responseHead(status, headers), true),
      shared,
      `${status} ${headers.join(' ')} shared`,
    )
  }
  const whole = responseHead(200)
  t.notOk(mayBeKept(requestHead({ headers: ['range', 'bytes=0-'] }), whole, false), 'asked for a part')
  t.notOk(mayBeKept(requestHead({ headers: ['cache-control', 'no-store'] }), whole, true), 'asked not to')
  t.notOk(mayBeKept(requestHead({ method: 'HEAD' }), whole, false), 'nothing to keep')
  for (const origin of ['proxy', 'fallback', 'replay'] as const) {
    t.notOk(mayBeKept(requestHead(), new ResponseHead(200, '', [], 0, origin, ''), true), origin)
  }
  t.ok(mayBeKept(requestHead(), new ResponseHead(200, '', [], LARGEST, 'upstream', ''), false))
  t.notOk(mayBeKept(requestHead(), new ResponseHead(200, '', [], LARGEST + 1, 'upstream', ''), false))
})

t.test('what takes a copy away', async (t) => {
  for (const [status, gone] of [
    [404, true],
    [410, true],
    [403, false],
    [500, false],
  ] as const) {
    t.equal(isGone(responseHead(status)), gone, String(status))
  }
  for (const [method, status, expected] of [
    ['PUT', 200, true],
    ['POST', 201, true],
    ['DELETE', 204, true],
    ['PATCH', 303, true],
    ['PUT', 409, false],
    ['PUT', 503, false],
    ['GET', 200, false],
    ['OPTIONS', 200, false],
  ] as const) {
    t.equal(invalidates(requestHead({ method }), responseHead(status)), expected, `${method} ${status}`)
  }
})

t.test('ageOf() is the greater of what Age and Date say, and a Date ahead of us says nothing', async (t) => {
  const came = Date.UTC(2027, 0, 15, 8, 0, 0)
  const date = (ago: number) => ['Date', new Date(came - ago * 1000).toUTCString()]
  t.equal(ageOf(date(60), came), 60)
  t.equal(ageOf([...date(60), 'age', '90'], came), 90)
  t.equal(ageOf([...date(60), 'age', '30'], came), 60)
  t.equal(ageOf([...date(-60), 'age', '30'], came), 30)
  t.equal(ageOf(['date', 'Friday, 15-Jan-27 07:59:00 GMT'], came), 60)
  t.equal(ageOf(['date', 'yesterday'], came), 0)
  t.equal(ageOf([], came), 0)
})

t.test('ageIn() reads whole seconds', async (t) => {
  for (const [value, expected] of [
    ['7', 7],
    ['0', 0],
    ['-1', 0],
    ['1.5', 0],
    ['old', 0],
  ] as const) {
    t.equal(ageIn(['Age', value]), expected, value)
  }
  t.equal(ageIn([]), 0)
})

t.test('a field that is not there, one that is empty and one that stands twice are three things', async (t) => {
  const values = [[], ['x', ''], ['x', 'a', 'X', ' b '], ['x', 'a, b']].map((headers) => fieldValue(headers, 'x'))
  t.equal(new Set(values).size, 3)
  t.equal(values[2], values[3])
})

t.test('varyOf() sorts names; * is met by nobody', async (t) => {
  t.same(varyOf([]), [])
  t.same(varyOf(['Vary', 'Accept-Language, accept', 'vary', 'X']), ['accept', 'accept-language', 'x'])
  t.equal(varyOf(['Vary', 'accept, *']), undefined)
})

t.test('a key holds host, target with its query, and the parts of the file', async (t) => {
  const parts = [keyPart('header:X-User-Id'), keyPart('source')]
  const of = (path: string, user?: string, source?: string) => {
    const headers = user === undefined ? [] : ['X-USER-ID', user]
    const request = requestHead({ path, headers, ...(source === undefined ? {} : { source }) })
    return targetOf(request) + partsOf(request, parts)
  }
  const keys = [of('/a'), of('/a?b'), of('/a', ''), of('/a', '1'), of('/a', '2'), of('/a', '1', 'web')]
  t.equal(new Set(keys).size, keys.length)
  t.equal(of('/a', '1'), of('/a', '1'))
  t.not(variantOf(requestHead({ headers: ['a', '1'] }), ['a']), variantOf(requestHead(), ['a']))
})
