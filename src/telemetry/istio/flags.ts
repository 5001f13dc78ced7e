/** Our reasons in the words of Envoy's response flags, which Istio's dashboards and alerts read. */
// cold file: runs once per scrape
import type { Reason } from '../../core/errors.ts'

/** Reasons that are not here had no word there: they are `-`, as answers of an upstream are. */
const FLAGS: Partial<Record<Reason, string>> = {
  route_not_found: 'NR',
  no_endpoints: 'UH',
  connect_failure: 'UF',
  connect_timeout: 'UF',
  tls_failure: 'UF',
  dns_failure: 'DF',
  pool_exhausted: 'UO',
  bulkhead_full: 'UO',
  bulkhead_queue_timeout: 'UO',
  circuit_open: 'UO',
  upstream_reset: 'UC',
  request_timeout: 'UT',
  per_try_timeout: 'UT',
  stream_idle_timeout: 'SI',
  max_stream_duration: 'UMSDR',
  retry_exhausted: 'URX',
  rate_limited: 'RL',
  overload: 'OM',
  fault_injected: 'FI',
  delay_injected: 'DI',
  client_cancelled: 'DC',
  protocol_error_downstream: 'DPE',
  protocol_error_upstream: 'UPE',
}

/** `reason` as it is counted: one of ours, a status in whose place a fallback was given, or ''. */
export function responseFlags(reason: string): string {
  return FLAGS[reason as Reason] ?? '-'
}
