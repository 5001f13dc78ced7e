import t from 'tap'
import { attributeName, metricName } from '../../../src/telemetry/otlp/metric-names.ts'

t.test(
  'metricName() gives names of the conventions where there are some, else one dot behind whose they are',
  async (t) => {
    const cases: [string, 'counter' | 'gauge' | 'histogram', string, string][] = [
      ['http_server_request_duration_seconds', 'histogram', 'http.server.request.duration', 's'],
      ['http_server_active_requests', 'gauge', 'http.server.active_requests', ''],
      ['http_client_open_connections', 'gauge', 'http.client.open_connections', ''],
      ['rpc_client_call_duration_seconds', 'histogram', 'rpc.client.call.duration', 's'],
      ['nodejs_eventloop_time_seconds_total', 'counter', 'nodejs.eventloop.time', 's'],
      ['outrigger_attempts_total', 'counter', 'outrigger.attempts', ''],
      ['outrigger_request_body_bytes_total', 'counter', 'outrigger.request_body', 'By'],
      ['outrigger_retry_budget_remaining', 'gauge', 'outrigger.retry_budget_remaining', ''],
      ['istio_request_duration_milliseconds', 'histogram', 'istio.request_duration', 'ms'],
      ['process_cpu_seconds_total', 'counter', 'process.cpu', 's'],
    ]
    for (const [name, type, dotted, unit] of cases) {
      t.same(metricName({ name, type, help: '', samples: () => [] }), { name: dotted, unit })
    }
  },
)

t.test('attributeName() leaves labels of ours as they are', async (t) => {
  t.equal(attributeName('http_response_status_code'), 'http.response.status_code')
  t.equal(attributeName('rpc_response_status_code'), 'rpc.response.status_code')
  t.equal(attributeName('http_connection_state'), 'http.connection.state')
  t.equal(attributeName('destination'), 'destination')
})
