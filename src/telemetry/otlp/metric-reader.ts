/** Reads the families every now and then and sends them; which exporter is the environment's to say. */
// cold file: runs once per start
import { OTLPMetricExporter as GrpcExporter } from '@opentelemetry/exporter-metrics-otlp-grpc'
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { metrics } from '@opentelemetry/sdk-node'
import type { MetricsAsked, Protocol } from './asked.ts'

/** Points in one request: what is written in one go, requests of ours waiting meanwhile. */
const BATCH = 1000

export function metricReader(asked: MetricsAsked, producer: metrics.MetricProducer): metrics.IMetricReader {
  return new metrics.PeriodicExportingMetricReader({
    exporter: exporterOf(asked.protocol),
    exportIntervalMillis: asked.interval,
    exportTimeoutMillis: asked.timeout,
    metricProducers: [producer],
    maxExportBatchSize: BATCH,
  })
}

/** Endpoint, headers, compression and certificates are read from the environment by the exporter itself. */
function exporterOf(protocol: Protocol): metrics.PushMetricExporter {
  switch (protocol) {
    case 'grpc':
      return new GrpcExporter()
    case 'http/json':
      return new JsonExporter()
    default:
      return new ProtobufExporter()
  }
}
