/** Connections that pass as bytes, in both directions. */
// cold file: runs once per scrape
import type { OpaqueRow } from '../../core/opaque.ts'
import type { Registry } from '../registry.ts'
import { counter, type Family, gauge, type Labels, type Sample, sample } from './family.ts'

export function opaqueFamilies(registry: Registry): Family[] {
  const each = (of: (row: OpaqueRow, labels: Labels) => Sample[]) => () =>
    Array.from(registry.sources?.opaque?.() ?? []).flatMap((row) => {
      const { direction, destination } = row
      return of(row, { direction, destination })
    })
  return [
    counter(
      'outrigger_opaque_connections_opened_total',
      'Connections that pass as bytes, by why nobody looks into them.',
      each((row, labels) => Array.from(row.opened, ([why, value]) => sample(value, { ...labels, why }))),
    ),
    counter(
      'outrigger_opaque_connections_closed_total',
      'The same that ended, by how.',
      each((row, labels) => Array.from(row.closed, ([reason, value]) => sample(value, { ...labels, reason }))),
    ),
    gauge(
      'outrigger_opaque_connections_active',
      'The same that are open.',
      each((row, labels) => [sample(row.active, labels)]),
    ),
    counter(
      'outrigger_opaque_bytes_total',
      'Bytes that passed, from clients and to them.',
      each((row, labels) => [
        sample(row.received, { ...labels, flow: 'received' }),
        sample(row.sent, { ...labels, flow: 'sent' }),
      ]),
    ),
    counter(
      'outrigger_opaque_unguarded_total',
      'Connections that passed as bytes though policies match their destination.',
      each((row, labels) => [sample(row.unguarded, labels)]),
    ),
  ]
}
