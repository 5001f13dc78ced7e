import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { knownLabels, knownMetrics, promtool, shipped } from './kit.ts'
import { labelsOf, metricsOf } from './promql.ts'

interface Target {
  readonly refId: string
  readonly expr: string
  readonly datasource: { readonly type: string; readonly uid: string }
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { readonly uid: string }
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number }
  readonly targets?: readonly Target[]
}

interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly templating: { readonly list: readonly { name: string; type: string; query: string | { query: string } }[] }
  readonly panels: readonly Panel[]
}

const DASHBOARD = JSON.parse(shipped('charts/outrigger/dashboards/outrigger.json')) as Dashboard
const { panels } = DASHBOARD
const DRAWN = panels.filter(({ type }) => type !== 'row')
const VARIABLES = DASHBOARD.templating.list

/** Grafana puts in what was chosen before it asks. */
function asked(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replace(/\$[a-z]+/g, '.*')
}

t.test('It is a dashboard as Grafana imports it', (t) => {
  t.ok(DASHBOARD.schemaVersion >= 36)
  t.ok(DASHBOARD.uid.length > 0 && DASHBOARD.uid.length <= 40)
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'ids differ')
  t.same(
    VARIABLES.filter(({ type }) => type === 'datasource').map(({ name, query }) => [name, query]),
    [['datasource', 'prometheus']],
  )
  for (const { title, description, datasource, targets = [] } of DRAWN) {
    t.ok(title && description, title)
    t.equal(datasource?.uid, '$datasource', title)
    t.ok(targets.length > 0, title)
    t.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title)
    for (const target of targets) t.same(target.datasource, { type: 'prometheus', uid: '$datasource' }, title)
  }
  t.equal(new Set(DRAWN.map(({ title }) => title)).size, DRAWN.length, 'titles differ')
  t.end()
})

t.test('No two panels share a place, and none leaves the 24 columns', (t) => {
  const taken = new Map<string, string>()
  const shared: string[] = []
  for (const { title, gridPos: pos } of panels) {
    t.ok(pos.x + pos.w <= 24, title)
    for (let x = pos.x; x < pos.x + pos.w; x++) {
      for (let y = pos.y; y < pos.y + pos.h; y++) {
        const other = taken.get(`${x} ${y}`)
        if (other !== undefined) shared.push(`${title} and ${other} at column ${x}, line ${y}`)
        taken.set(`${x} ${y}`, title)
      }
    }
  }
  t.same(shared, [])
  t.end()
})

t.test('Queries name only metrics, labels and variables that exist', async (t) => {
  const metrics = await knownMetrics()
  const labels = knownLabels()
  const variables = new Set(['__rate_interval', ...VARIABLES.map(({ name }) => name)])
  for (const { title, targets = [] } of DRAWN) {
    for (const { expr } of targets) {
      for (const name of metricsOf(expr)) t.ok(metrics.has(name), `${title}: ${name}`)
      for (const label of labelsOf(expr)) t.ok(labels.has(label), `${title}: label ${label}`)
      for (const [, name = ''] of expr.matchAll(/\$(\w+)/g)) t.ok(variables.has(name), `${title}: $${name}`)
    }
  }
  for (const { name, query } of VARIABLES) {
    const text = typeof query === 'string' ? query : query.query
    const metric = /^label_values\((\w+)/.exec(text)?.[1]
    if (metric !== undefined) t.ok(metrics.has(metric), `${name}: ${metric}`)
  }
})

t.test('promtool takes every query', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'queries.json')
  const exprs = DRAWN.flatMap(({ targets = [] }) => targets.map(({ expr }) => asked(expr)))
  // What is a recording rule is parsed; JSON is YAML.
  const group = { name: 'queries', rules: exprs.map((expr, i) => ({ record: `query${i}`, expr })) }
  writeFileSync(file, JSON.stringify({ groups: [group] }))
  const checked = promtool('check', 'rules', file)
  if (checked === undefined) t.pass('skipped: promtool is not installed (Debian package prometheus)')
  else t.equal(checked.status, 0, checked.output)
  t.end()
})
