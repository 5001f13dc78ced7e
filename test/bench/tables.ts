/** What was measured, as rows. Behind a figure stands its ratio to one proxy of the same run. */
import type { Figures, Plan } from './measure.ts'
import type { Peer } from './peer-file.ts'
import { type Measured, median } from './side-by-side.ts'

export interface Table {
  readonly heading: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export function show(value: number, digits = 0): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits)
}

/** The median of one figure of one proxy, with its ratio behind it where that says something. */
type Cell = (program: string, name: keyof Figures, digits?: number) => string

function cells(measured: Measured, reference: string): { plain: Cell; ratio: Cell; sum: Cell } {
  const all = (program: string, name: keyof Figures): number[] =>
    (measured.get(program) ?? []).map((figures) => figures[name])
  const of = (program: string, name: keyof Figures): number => median(all(program, name))
  return {
    plain: (program, name, digits = 0) => show(of(program, name), digits),
    ratio(program, name, digits = 0) {
      const value = of(program, name)
      const relative = value / of(reference, name)
      const behind = program === reference || Number.isNaN(relative) ? '' : ` (${relative.toFixed(2)} ×)`
      return show(value, digits) + behind
    },
    sum: (program, name) => String(all(program, name).reduce((sum, value) => sum + value, 0)),
  }
}

/** One row for each program. */
function programs(peers: readonly Peer[]): { program: string; label: string }[] {
  const labels = new Map<string, string>()
  for (const { program, label, http2 } of peers) if (!http2 || !labels.has(program)) labels.set(program, label)
  return [...labels].map(([program, label]) => ({ program, label }))
}

export function cpuTable(peers: readonly Peer[], measured: Measured, reference: string, plan: Plan): Table {
  const { plain, ratio, sum } = cells(measured, reference)
  return {
    heading: [
      'proxy',
      'GET CPU µs',
      'POST 10 KiB CPU µs',
      'HTTP/2 GET CPU µs',
      'gRPC CPU µs',
      'GET rps',
      'gRPC rps',
      `p50 / p99 added at ${plan.rate} rps, µs`,
      'bad answers',
      'others, % of a core',
    ],
    rows: programs(peers).map(({ program, label }) => [
      label,
      ratio(program, 'us', 1),
      ratio(program, 'postUs', 1),
      ratio(program, 'http2Us', 1),
      ratio(program, 'grpcUs', 1),
      plain(program, 'rps'),
      plain(program, 'grpcRps'),
      `${plain(program, 'p50')} / ${plain(program, 'p99')}`,
      sum(program, 'bad'),
      show(median((measured.get(program) ?? []).map(({ noise }) => noise)) * 100),
    ]),
  }
}

export function memoryTable(peers: readonly Peer[], measured: Measured, reference: string, plan: Plan): Table {
  const { plain, ratio } = cells(measured, reference)
  return {
    heading: [
      'proxy',
      'idle',
      `${plan.idleConnections} idle connections`,
      'after HTTP/1.1',
      'of it anonymous',
      '5 s later',
      'after HTTP/2',
      'start to 200, ms',
    ],
    rows: programs(peers).map(({ program, label }) => [
      label,
      ratio(program, 'idle'),
      ratio(program, 'idleConnections'),
      ratio(program, 'loaded'),
      plain(program, 'anonymous'),
      ratio(program, 'rested'),
      ratio(program, 'loadedHttp2'),
      plain(program, 'startMs'),
    ]),
  }
}
