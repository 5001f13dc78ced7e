/** Panels and queries of the shapes that come again and again. */
import type { Panel, Query } from './panel.ts'

export const CHOSEN = 'SIDECARS,destination=~"$destination"'
export const RATE = '[$__rate_interval]'

/** `sum by (labels) (rate(metric{…}[…]))` */
export function rates(metric: string, by: string, legend: string, more = ''): Query {
  return { expr: `sum by (${by}) (rate(${metric}{${CHOSEN}${more}}${RATE}))`, legend }
}

export function sums(metric: string, by: string, legend: string, more = ''): Query {
  return { expr: `sum by (${by}) (${metric}{${CHOSEN}${more}})`, legend }
}

export function quantile(q: number, metric: string, by: string, legend: string): Query {
  const rate = `rate(${metric}_bucket{${CHOSEN}}${RATE})`
  return { expr: `histogram_quantile(${q}, sum by (${by}, le) (${rate}))`, legend }
}

export function graph(title: string, unit: string, description: string, ...queries: Query[]): Panel {
  return { title, description, kind: 'timeseries', unit, queries }
}

/** `alarm`: red from that value on, or below it. */
export function stat(
  title: string,
  unit: string,
  description: string,
  alarm: { readonly from?: number; readonly below?: number },
  expr: string,
): Panel {
  const { from, below } = alarm
  const queries = [{ expr, legend: '' }]
  return { title, description, kind: 'stat', unit, alarm: from, alarmBelow: below, width: 4, queries }
}
