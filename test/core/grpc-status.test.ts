import t from 'tap'
import { ResponseHead } from '../../src/core/exchange.ts'
import { GRPC_STATUS, NO_STATUS, statusIn, statusOfHead, statusOfTrailers } from '../../src/core/grpc-status.ts'

const UNKNOWN = GRPC_STATUS.indexOf('UNKNOWN')

t.test('GRPC_STATUS lists the codes of gRPC in order', async (t) => {
  t.equal(GRPC_STATUS.length, 17)
  t.equal(GRPC_STATUS.indexOf('DEADLINE_EXCEEDED'), 4)
  t.equal(GRPC_STATUS.indexOf('UNIMPLEMENTED'), 12)
  t.equal(GRPC_STATUS.indexOf('UNAVAILABLE'), 14)
  t.equal(GRPC_STATUS.indexOf('UNAUTHENTICATED'), 16)
})

t.test('statusIn() takes a code, and nothing else for one', async (t) => {
  for (let code = 0; code < GRPC_STATUS.length; code++) t.equal(statusIn(['Grpc-Status', String(code)]), code)
  t.equal(statusIn(['grpc-message', 'no']), NO_STATUS)
  for (const value of ['', '17', '-1', 'UNAVAILABLE', '14.5', 'NaN', '99999999999', '1 4']) {
    t.equal(statusIn(['grpc-status', value]), UNKNOWN, value)
  }
})

t.test('statusOfHead() leaves an ordinary head to its trailers', async (t) => {
  const of = (status: number, ...fields: string[]) =>
    statusOfHead(new ResponseHead(status, '', fields, -1, 'upstream', ''))
  t.equal(of(200), NO_STATUS)
  t.equal(of(200, 'grpc-status', '0'), 0)
  t.strictSame(
    [400, 401, 403, 404, 429, 500, 502, 503, 504, 302].map((status) => GRPC_STATUS[of(status)]),
    [
      'INTERNAL',
      'UNAUTHENTICATED',
      'PERMISSION_DENIED',
      'UNIMPLEMENTED',
      'UNAVAILABLE',
      'UNKNOWN',
      'UNAVAILABLE',
      'UNAVAILABLE',
      'UNAVAILABLE',
      'UNKNOWN',
    ],
    'grpc/doc/http-grpc-status-mapping.md',
  )
})

t.test('statusOfTrailers() is UNKNOWN where nothing was said', async (t) => {
  t.equal(statusOfTrailers(['grpc-status', '7']), 7)
  t.equal(statusOfTrailers([]), UNKNOWN)
  t.equal(statusOfTrailers(undefined), UNKNOWN)
})
