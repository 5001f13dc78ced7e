/** The Grafana dashboard of the operations kit: what scripts/dashboard/ lists, as Grafana imports it. */
import { execFileSync } from 'node:child_process'
import { DATASOURCE, layOut } from '../dashboard/panel.ts'
import { AT_A_GLANCE, ATTEMPTS, REQUESTS } from '../dashboard/exchanges.ts'
import { GUARDS, OTHERS } from '../dashboard/policies.ts'
import { SIDECAR, UPSTREAM } from '../dashboard/sidecar.ts'

export const path = 'charts/outrigger/dashboards/outrigger.json'

/** Grafana 10.2 and later read this shape as it is. */
const SCHEMA_VERSION = 39

function variable(name: string, label: string, query: string): object {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    definition: query,
    query: { query, refId: name },
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { selected: true, text: ['All'], value: ['$__all'] },
    sort: 1,
  }
}

/** As Biome lays it out, which looks at this file as at every other. */
export function text(): string {
  const dashboard = {
    uid: 'outrigger',
    title: 'Outrigger',
    description: 'What sidecars see, and how they are. Metrics: docs/metrics.md; alerts: docs/operations.md.',
    tags: ['outrigger', 'service-mesh'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {}, hide: 0 },
        variable('job', 'Job', 'label_values(outrigger_config_info, job)'),
        variable('instance', 'Sidecar', 'label_values(outrigger_config_info{job=~"$job"}, instance)'),
        variable(
          'destination',
          'Destination',
          'label_values(http_server_request_duration_seconds_count{job=~"$job",instance=~"$instance"}, destination)',
        ),
      ],
    },
    annotations: { list: [] },
    links: [],
    panels: layOut([AT_A_GLANCE, REQUESTS, ATTEMPTS, GUARDS, UPSTREAM, OTHERS, SIDECAR]),
  }
  const command = ['node_modules/@biomejs/biome/bin/biome', 'format', '--stdin-file-path', path]
  return execFileSync(process.execPath, command, { input: JSON.stringify(dashboard), encoding: 'utf8' })
}
