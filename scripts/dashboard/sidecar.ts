/** Rows of endpoints, connections, and the process itself. */
import type { Row } from './panel.ts'
import { CHOSEN, graph, RATE, rates, sums } from './queries.ts'

export const UPSTREAM: Row = {
  title: 'Endpoints and connections',
  panels: [
    graph(
      'Endpoints',
      'short',
      'By state; addresses are at /state.',
      sums('outrigger_endpoints', 'destination, state', '{{destination}} {{state}}'),
    ),
    graph('Ejections', 'short', 'By why.', {
      expr: `sum by (destination, reason) (increase(outrigger_ejections_total{${CHOSEN}}${RATE}))`,
      legend: '{{destination}} {{reason}}',
    }),
    graph(
      'Connections',
      'short',
      'To endpoints by state, and from clients.',
      sums(
        'http_client_open_connections',
        'destination, http_connection_state',
        '{{destination}} {{http_connection_state}}',
      ),
      { expr: 'sum by (direction) (outrigger_downstream_connections{SIDECARS})', legend: '{{direction}} clients' },
    ),
    graph(
      'Connections that pass as bytes',
      'short',
      'Opened a second by why, where traffic is intercepted; of policies only timeout.connect and timeout.idle hold there.',
      rates('outrigger_opaque_connections_opened_total', 'destination, why', '{{destination}} {{why}}'),
    ),
    graph(
      'Their bytes',
      'Bps',
      'From and to clients.',
      rates('outrigger_opaque_bytes_total', 'destination, flow', '{{destination}} {{flow}}'),
    ),
    graph(
      'Passed as bytes though a policy matches',
      'short',
      'Anything but 0 is a policy that is not in force: the first of each kind is a warning in the log.',
      rates('outrigger_opaque_unguarded_total', 'destination', '{{destination}}'),
    ),
  ],
}

export const SIDECAR: Row = {
  title: 'The sidecar itself',
  panels: [
    graph('CPU', 'short', 'Cores.', {
      expr: `rate(process_cpu_seconds_total{SIDECARS}${RATE})`,
      legend: '{{instance}}',
    }),
    graph(
      'Memory',
      'bytes',
      'Resident, and the heap in use.',
      { expr: 'process_resident_memory_bytes{SIDECARS}', legend: '{{instance}} resident' },
      { expr: 'nodejs_heap_size_used_bytes{SIDECARS}', legend: '{{instance}} heap' },
    ),
    graph('Load of the event loop', 'percentunit', 'At 1 its one thread has no time left.', {
      expr: `rate(nodejs_eventloop_time_seconds_total{SIDECARS,nodejs_eventloop_state="active"}${RATE})`,
      legend: '{{instance}}',
    }),
    graph('Delay of the event loop, p99', 's', 'How late timers come.', {
      expr: `histogram_quantile(0.99, sum by (instance, le) (rate(outrigger_event_loop_delay_seconds_bucket{SIDECARS}${RATE})))`,
      legend: '{{instance}}',
    }),
    graph('Open files and sockets', 'short', 'Against the limit of the process.', {
      expr: 'process_open_fds{SIDECARS} / process_max_fds{SIDECARS}',
      legend: '{{instance}}',
    }),
    graph('Pressure', 'percentunit', 'At 1 new requests are refused.', {
      expr: 'max by (instance, signal) (outrigger_overload_pressure{SIDECARS})',
      legend: '{{instance}} {{signal}}',
    }),
    graph(
      'Lost and wrong',
      'short',
      'Anything but 0 deserves a look.',
      {
        expr: `sum by (instance, where) (increase(outrigger_defects_total{SIDECARS}${RATE}))`,
        legend: '{{instance}} defects {{where}}',
      },
      { expr: `increase(outrigger_series_dropped_total{SIDECARS}${RATE})`, legend: '{{instance}} series' },
      { expr: `increase(outrigger_access_log_dropped_total{SIDECARS}${RATE})`, legend: '{{instance}} log lines' },
      { expr: `increase(outrigger_spans_dropped_total{SIDECARS}${RATE})`, legend: '{{instance}} spans' },
    ),
    graph('Certificates', 's', 'Until they end.', {
      expr: 'outrigger_certificate_not_after_timestamp_seconds{SIDECARS} - time()',
      legend: '{{instance}} {{file}}',
    }),
    graph(
      'Configurations',
      'short',
      'Sidecars by the configuration in force: more than one line, and some have not followed.',
      {
        expr: 'count by (hash) (outrigger_config_info{SIDECARS})',
        legend: '{{hash}}',
      },
    ),
  ],
}
