/** Panels as a person writes them down, and as Grafana reads them. */

export interface Query {
  /** PromQL; `SIDECARS` stands for the matchers of the dashboard's variables. */
  readonly expr: string
  /** `{{label}}` is its value. */
  readonly legend: string
}

export interface Panel {
  readonly title: string
  /** What it shows and when to worry, in a sentence or two. */
  readonly description: string
  readonly kind: 'timeseries' | 'stat' | 'state-timeline'
  /** Of Grafana's units: `reqps`, `percentunit`, `s`, `bytes`, `short` … */
  readonly unit: string
  readonly queries: readonly Query[]
  /** Of the 24 columns; 8 unless said. */
  readonly width?: number
  /** Traces of the OpenMetrics text are shown as dots. */
  readonly exemplars?: boolean
  /** From this value on it is red. */
  readonly alarm?: number | undefined
  /** Below this value it is red. */
  readonly alarmBelow?: number | undefined
}

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

/** What `SIDECARS` stands for. */
const SIDECARS = 'job=~"$job",instance=~"$instance"'
/** Grid units. */
const HEIGHT = 8
const STAT_HEIGHT = 4
const COLUMNS = 24

/** What the dashboard's variable of that name stands for. */
export const DATASOURCE = { type: 'prometheus', uid: '$datasource' }

/** All rows with their panels under them, each with a number of its own and its place. */
export function layOut(rows: readonly Row[]): object[] {
  const laid: object[] = []
  let y = 0
  for (const { title, panels } of rows) {
    laid.push({
      id: laid.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { h: 1, w: COLUMNS, x: 0, y },
      panels: [],
    })
    y++
    let x = 0
    let height = 0
    for (const panel of panels) {
      const w = panel.width ?? 8
      const h = panel.kind === 'stat' ? STAT_HEIGHT : HEIGHT
      if (x + w > COLUMNS) {
        x = 0
        y += height
        height = 0
      }
      laid.push({ id: laid.length + 1, ...drawn(panel), gridPos: { h, w, x, y } })
      x += w
      height = Math.max(height, h)
    }
    y += height
  }
  return laid
}

function drawn(panel: Panel): object {
  const { title, description, kind, unit, queries, exemplars = false } = panel
  return {
    type: kind,
    title,
    description,
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: {
        unit,
        ...(kind === 'timeseries' ? { min: 0, custom: { fillOpacity: 10, showPoints: 'never' } } : {}),
        thresholds: { mode: 'absolute', steps: stepsOf(panel) },
      },
      overrides: [],
    },
    options: optionsOf(kind),
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr: expr.replaceAll('SIDECARS', SIDECARS),
      legendFormat: legend,
      ...(kind === 'stat' ? { instant: true } : {}),
      ...(exemplars ? { exemplar: true } : {}),
    })),
  }
}

/** Each colour holds from its value on; the first has none. */
function stepsOf({ alarm, alarmBelow }: Panel): object[] {
  if (alarmBelow !== undefined) {
    return [
      { color: 'red', value: null },
      { color: 'green', value: alarmBelow },
    ]
  }
  const calm = { color: 'green', value: null }
  return alarm === undefined ? [calm] : [calm, { color: 'red', value: alarm }]
}

function optionsOf(kind: Panel['kind']): object {
  switch (kind) {
    case 'stat':
      return { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'value' }
    case 'state-timeline':
      return { showValue: 'never', legend: { displayMode: 'list', placement: 'bottom', showLegend: true } }
    case 'timeseries':
      return { legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi' } }
  }
}
