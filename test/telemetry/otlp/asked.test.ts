import t from 'tap'
import { askedMetrics, asksTraces } from '../../../src/telemetry/otlp/asked.ts'

const ENDPOINT = 'http://127.0.0.1:4318'

t.test('asksTraces() wants an endpoint, and no switch that turns it off', async (t) => {
  const cases: [Record<string, string>, boolean][] = [
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ENDPOINT }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: ENDPOINT }, false],
  ]
  for (const [environment, asked] of cases) t.equal(asksTraces(environment), asked, JSON.stringify(environment))
})

t.test('askedMetrics() wants the exporter by name, or an endpoint that is for metrics alone', async (t) => {
  const cases: [Record<string, string>, boolean][] = [
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT }, false],
    [{ OTEL_METRICS_EXPORTER: 'otlp' }, true],
    [{ OTEL_METRICS_EXPORTER: 'prometheus, otlp' }, true],
    [{ OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT }, false],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: ENDPOINT }, true],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: '' }, false],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: ENDPOINT, OTEL_METRICS_EXPORTER: 'none' }, false],
    [{ OTEL_METRICS_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' }, false],
  ]
  for (const [environment, asked] of cases) {
    t.equal(askedMetrics(environment) !== undefined, asked, JSON.stringify(environment))
  }
})

t.test('askedMetrics() takes interval, timeout, protocol and temporality from their variables', async (t) => {
  const of = (environment: Record<string, string>) => askedMetrics({ OTEL_METRICS_EXPORTER: 'otlp', ...environment })
  t.same(of({}), { interval: 60_000, timeout: 30_000, protocol: 'http/protobuf', delta: false })
  t.same(of({ OTEL_METRIC_EXPORT_INTERVAL: '5000', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), {
    interval: 5000,
    timeout: 5000,
    protocol: 'grpc',
    delta: false,
  })
  t.match(of({ OTEL_METRIC_EXPORT_INTERVAL: 'soon', OTEL_METRIC_EXPORT_TIMEOUT: '-1' }), {
    interval: 60_000,
    timeout: 30_000,
  })
  t.match(of({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json' }), {
    protocol: 'http/json',
  })
  for (const preference of ['delta', 'LowMemory']) {
    t.match(of({ OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: preference }), { delta: true })
  }
})
