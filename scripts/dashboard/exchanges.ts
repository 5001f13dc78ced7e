/** Rows of what clients feel: requests, and the attempts they are made of. */
import type { Row } from './panel.ts'
import { CHOSEN, graph, quantile, RATE, rates, stat, sums } from './queries.ts'

const EXCHANGE_DURATION = 'http_server_request_duration_seconds'
const ATTEMPT_DURATION = 'http_client_request_duration_seconds'

export const AT_A_GLANCE: Row = {
  title: 'At a glance',
  panels: [
    stat('Requests now', 'reqps', 'Of all directions.', {}, `sum(rate(${EXCHANGE_DURATION}_count{${CHOSEN}}${RATE}))`),
    stat(
      'Failed now',
      'percentunit',
      '5xx, of the upstream or our own, of all requests.',
      { from: 0.05 },
      `(sum(rate(${EXCHANGE_DURATION}_count{${CHOSEN},http_response_status_code=~"5.."}${RATE})) or vector(0)) / sum(rate(${EXCHANGE_DURATION}_count{${CHOSEN}}${RATE}))`,
    ),
    stat(
      'Open breakers',
      'short',
      'Now.',
      { from: 1 },
      `sum(outrigger_circuit_state{${CHOSEN},state="open"}) or vector(0)`,
    ),
    stat(
      'Endpoints not ready',
      'short',
      'Ejected, being probed, or unhealthy.',
      { from: 1 },
      `sum(outrigger_endpoints{${CHOSEN},state!="ready"}) or vector(0)`,
    ),
    stat(
      'Broken configurations',
      'short',
      'Sidecars whose last reload was not taken over.',
      { from: 1 },
      'count(outrigger_config_last_reload_success{SIDECARS} == 0) or vector(0)',
    ),
    stat(
      'Next certificate to end',
      's',
      'From now on. No value: no certificate.',
      { below: 14 * 86_400 },
      'min(outrigger_certificate_not_after_timestamp_seconds{SIDECARS}) - time()',
    ),
  ],
}

export const REQUESTS: Row = {
  title: 'Requests as their clients see them',
  panels: [
    graph(
      'Requests',
      'reqps',
      'Inbound: others call us. Outbound: we call others.',
      rates(`${EXCHANGE_DURATION}_count`, 'direction, destination', '{{direction}} {{destination}}'),
    ),
    {
      ...graph(
        'Failed',
        'percentunit',
        '5xx, of the upstream or our own, of all; and what the objective allows.',
        {
          expr: `sum by (direction, destination) (rate(${EXCHANGE_DURATION}_count{${CHOSEN},http_response_status_code=~"5.."}${RATE})) / sum by (direction, destination) (rate(${EXCHANGE_DURATION}_count{${CHOSEN}}${RATE}))`,
          legend: '{{direction}} {{destination}}',
        },
        { expr: 'outrigger:objective:error_ratio', legend: 'objective' },
      ),
    },
    graph(
      'Failed, by why',
      'reqps',
      'error_type is one of our reasons, or the status of the upstream.',
      rates(
        `${EXCHANGE_DURATION}_count`,
        'destination, error_type',
        '{{destination}} {{error_type}}',
        ',error_type!=""',
      ),
    ),
    {
      ...graph(
        'p99',
        's',
        'Retries and queues included; dots are traces. A long stream counts with its whole length.',
        quantile(0.99, EXCHANGE_DURATION, 'direction, destination', '{{direction}} {{destination}}'),
        { expr: 'outrigger:objective:p99_seconds', legend: 'objective' },
      ),
      exemplars: true,
    },
    graph(
      'p50',
      's',
      'Where this moves with the p99 everything is slow; where it does not, some requests are.',
      quantile(0.5, EXCHANGE_DURATION, 'direction, destination', '{{direction}} {{destination}}'),
    ),
    graph(
      'In flight',
      'short',
      'Rises without the rate: something below is slow.',
      sums('http_server_active_requests', 'direction, destination', '{{direction}} {{destination}}'),
    ),
    graph(
      'gRPC calls',
      'reqps',
      'By status.',
      rates(
        'rpc_server_call_duration_seconds_count',
        'destination, rpc_response_status_code',
        '{{destination}} {{rpc_response_status_code}}',
      ),
    ),
    graph(
      'Refused before they were a request',
      'reqps',
      '400, 408 and 431 by a codec, and TLS handshakes that failed.',
      {
        expr: `sum by (direction, reason) (rate(outrigger_refused_total{SIDECARS}${RATE}))`,
        legend: '{{direction}} {{reason}}',
      },
    ),
    graph(
      'Bytes of bodies',
      'Bps',
      'From and to clients.',
      rates('outrigger_request_body_bytes_total', 'destination', '{{destination}} requests'),
      rates('outrigger_response_body_bytes_total', 'destination', '{{destination}} responses'),
    ),
  ],
}

export const ATTEMPTS: Row = {
  title: 'Attempts, retries and hedges',
  panels: [
    graph(
      'Attempts',
      'reqps',
      'First ones, and what came on top.',
      rates('outrigger_attempts_total', 'destination, attempt', '{{destination}} {{attempt}}'),
    ),
    graph(
      'Outcomes',
      'reqps',
      'Of attempts that failed.',
      rates('outrigger_attempts_total', 'destination, outcome', '{{destination}} {{outcome}}', ',outcome!="success"'),
    ),
    graph(
      'p99 of attempts',
      's',
      'What the upstream takes, without our waiting.',
      quantile(0.99, ATTEMPT_DURATION, 'destination', '{{destination}}'),
    ),
    graph(
      'Retries not made',
      'reqps',
      'budget: retries are already as large a part of the load as they may be.',
      rates('outrigger_retry_skipped_total', 'destination, reason', '{{destination}} {{reason}}'),
    ),
    graph('Retries that may be made now', 'short', 'The budget; at 0 a failure is final.', {
      expr: `min by (destination) (outrigger_retry_budget_remaining{${CHOSEN}})`,
      legend: '{{destination}}',
    }),
    graph(
      'Hedges',
      'reqps',
      'By what became of them.',
      rates('outrigger_hedges_total', 'destination, result', '{{destination}} {{result}}'),
    ),
  ],
}
