import t from 'tap'
import { isStream, mayBeStream } from '../../src/core/streams.ts'
import { requestHead, responseHead, routeInfo } from '../support/stubs.ts'

t.test('isStream() knows streams by their heads', async (t) => {
  const upgrade = requestHead({ upgrade: 'websocket' })
  const connect = requestHead({ method: 'CONNECT' })
  const get = requestHead()
  const type = (value: string) => ['Content-Type', value]
  for (const [request, status, headers, expected] of [
    [upgrade, 101, [], true],
    [upgrade, 200, [], false],
    [connect, 200, [], true],
    [connect, 204, [], true],
    [connect, 300, [], false],
    [connect, 403, [], false],
    [get, 200, [], false],
    [get, 200, type('text/event-stream'), true],
    [get, 200, type('Text/Event-Stream; charset=utf-8'), true],
    [get, 200, type('text/event-stream ;x=y'), true],
    [get, 200, type('text/event-streams'), false],
    [get, 200, type('text/html'), false],
    [requestHead({ route: routeInfo('inventory', '*', true) }), 200, [], true],
    [requestHead({ route: routeInfo('inventory', '*', false) }), 200, type('text/event-stream'), false],
  ] as const) {
    t.equal(isStream(request, responseHead(status, headers)), expected, `${request.method} ${status} ${headers}`)
  }
})

t.test('mayBeStream() is for gRPC calls that the file does not call unary', async (t) => {
  const may = (grpc: boolean, stream: boolean | undefined) =>
    mayBeStream(requestHead({ grpc, route: routeInfo('inventory', '*', stream) }).exchange)
  t.same([may(true, undefined), may(true, true), may(true, false)], [true, true, false])
  t.same([may(false, undefined), may(false, true)], [false, false])
})
