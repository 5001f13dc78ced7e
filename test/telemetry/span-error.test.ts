import t from 'tap'
import { NO_STATUS } from '../../src/core/grpc-status.ts'
import type { AttemptRecord } from '../../src/telemetry/attempt-layer.ts'
import { SampledExchange } from '../../src/telemetry/sampled.ts'
import { clientError, serverError } from '../../src/telemetry/span-error.ts'
import { TraceContext } from '../../src/telemetry/trace-context.ts'
import { requestHead } from '../support/stubs.ts'

function server(status: number, reason: string): string {
  const recorded = new SampledExchange(new TraceContext(), requestHead({}), undefined)
  recorded.ended(status, reason, 0)
  return serverError(recorded)
}

function client(status: number, reason: string): string {
  return clientError({ status, reason, rpcStatus: NO_STATUS } as AttemptRecord)
}

t.test('A 4xx is an error of the client span alone, a 5xx of both, a client that left of neither', async (t) => {
  const cases: [status: number, reason: string, server: string, client: string][] = [
    [200, '', '', ''],
    [404, '', '', '404'],
    [503, '', '503', '503'],
    [0, 'connect_failure', 'connect_failure', 'connect_failure'],
    [200, 'upstream_reset', 'upstream_reset', 'upstream_reset'],
    [503, 'circuit_open', 'circuit_open', 'circuit_open'],
    [429, 'rate_limited', '', 'rate_limited'],
    [0, 'client_cancelled', '', ''],
    [0, 'superseded', 'superseded', ''],
  ]
  for (const [status, reason, ofServer, ofClient] of cases) {
    t.equal(server(status, reason), ofServer, `server ${status} ${reason}`)
    t.equal(client(status, reason), ofClient, `client ${status} ${reason}`)
  }
})

t.test('A fallback that answers stands in for a failure', async (t) => {
  t.equal(server(200, '503'), '503')
  t.equal(server(204, 'request_timeout'), 'request_timeout')
})
