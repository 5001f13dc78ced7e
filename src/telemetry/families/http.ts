/** OpenTelemetry's HTTP metrics, both sides, and the attempts between them. */
// cold file: runs once per scrape
import type { HistogramTable } from '../histogram.ts'
import { BOUNDS } from '../histogram.ts'
import { ATTEMPT_KINDS, METHODS, OUTCOMES, PROTOCOLS, reasonName, splitKey } from '../labels.ts'
import type { LeftBytes, Registry } from '../registry.ts'
import type { KeyedRows, RouteRows } from '../route-rows.ts'
import { counter, type Family, gauge, type Labels, type Sample, Sums, sample } from './family.ts'

export function httpFamilies(registry: Registry): Family[] {
  return [
    {
      name: 'http_server_request_duration_seconds',
      help: 'Duration of exchanges as the client sees them, in seconds; of a tunnel its handshake.',
      type: 'histogram',
      samples: () => histogram(registry, registry.server, (rows) => rows.server, httpLabels),
    },
    {
      name: 'http_client_request_duration_seconds',
      help: 'Duration of attempts, in seconds; of a tunnel its handshake.',
      type: 'histogram',
      samples: () => histogram(registry, registry.client, (rows) => rows.client, clientLabels),
    },
    gauge('http_server_active_requests', 'Exchanges in flight.', () => active(registry)),
    counter('outrigger_attempts_total', 'Attempts that ended, by kind and outcome.', () => attempts(registry)),
    counter('outrigger_request_body_bytes_total', 'Bytes of request bodies that came from clients.', () =>
      bytes(registry, (rows) => rows.requestBytes),
    ),
    counter('outrigger_response_body_bytes_total', 'Bytes of response bodies that went to clients.', () =>
      bytes(registry, (rows) => rows.responseBytes),
    ),
  ]
}

function httpLabels(rows: RouteRows, key: number): Labels {
  const { status, method, reason, protocol, https } = splitKey(key)
  return {
    direction: rows.direction,
    destination: rows.service,
    http_request_method: METHODS[method] as string,
    http_response_status_code: status === 0 ? '' : String(status),
    http_route: rows.template,
    // A reason of ours, or the status where the upstream failed; absent on success (semconv `error.type`).
    error_type: reason > 0 ? reasonName(reason) : status >= 500 ? String(status) : '',
    network_protocol_version: PROTOCOLS[protocol] as string,
    url_scheme: https === 1 ? 'https' : 'http',
  }
}

/** The address is the service's name: endpoints come and go without bound. */
function clientLabels(rows: RouteRows, key: number): Labels {
  const { status } = splitKey(key)
  const labels = httpLabels(rows, key)
  const failed = labels.error_type === '' && status >= 400
  return { ...labels, error_type: failed ? String(status) : (labels.error_type ?? ''), server_address: rows.service }
}

export function histogram(
  registry: Registry,
  table: HistogramTable,
  keyed: (rows: RouteRows) => KeyedRows,
  labelsOf: (rows: RouteRows, key: number) => Labels,
): Sample[] {
  const samples: Sample[] = []
  for (const rows of registry.routes.values()) {
    for (const [key, at] of keyed(rows).rows) samples.push(...row(table, at, labelsOf(rows, key)))
  }
  return samples
}

/** All samples of one row. */
export function row(table: HistogramTable, at: number, labels: Labels): Sample[] {
  const counts = table.cumulative(at)
  const total = counts[BOUNDS.length] ?? 0
  const buckets = BOUNDS.map((bound, i) =>
    sample(counts[i] ?? 0, labels, '_bucket', String(bound), table.exemplar(at, i)),
  )
  return [
    ...buckets,
    sample(total, labels, '_bucket', '+Inf', table.exemplar(at, BOUNDS.length)),
    sample(table.sum(at), labels, '_sum'),
    sample(total, labels, '_count'),
  ]
}

function active(registry: Registry): Sample[] {
  const sums = new Sums()
  for (const rows of registry.routes.values()) {
    sums.add({ direction: rows.direction, destination: rows.service }, rows.active)
  }
  return sums.samples()
}

function bytes(registry: Registry, of: (rows: LeftBytes) => number): Sample[] {
  const sums = new Sums()
  for (const rows of [...registry.routes.values(), ...registry.leftBytes.values()]) {
    sums.add({ direction: rows.direction, destination: rows.service }, of(rows))
  }
  return sums.samples()
}

function attempts(registry: Registry): Sample[] {
  const samples: Sample[] = []
  for (const rows of registry.routes.values()) {
    for (let cell = 0; cell < rows.attempts.length; cell++) {
      const value = rows.attempts[cell] as number
      if (value === 0) continue
      const kind = Math.floor(cell / OUTCOMES.length)
      samples.push(
        sample(value, {
          direction: rows.direction,
          destination: rows.service,
          route: rows.template,
          attempt: ATTEMPT_KINDS[kind] as string,
          outcome: OUTCOMES[cell - kind * OUTCOMES.length] as string,
        }),
      )
    }
  }
  return samples
}
