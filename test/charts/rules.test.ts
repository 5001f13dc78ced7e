import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { promtool } from '../operations/kit.ts'
import { metricsOf } from '../operations/promql.ts'
import { CHART, yaml } from './chart.ts'

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly annotations: { readonly runbook: string }
}

const RULES = 'rules/injector.yaml'
const ROOT = join(import.meta.dirname, '../..')
const alerts = yaml(RULES).groups.flatMap(({ rules }: { rules: Alert[] }) => rules) as Alert[]

t.test('the alerts on the injector name metrics that it has, and a runbook that is there', async (t) => {
  const source = readFileSync(join(ROOT, 'src/kubernetes/injector/metrics.ts'), 'utf8')
  const runbook = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8')
  for (const { alert, expr, annotations } of alerts) {
    for (const name of metricsOf(expr)) t.ok(source.includes(`'${name}'`), `${alert}: ${name}`)
    t.equal(annotations.runbook, `docs/kubernetes.md#${alert.toLowerCase()}`)
    t.match(runbook, new RegExp(`^#+ ${alert}$`, 'm'))
  }
})

t.test('each alert on the injector fires when it should, and waits', async (t) => {
  const checked = promtool('check', 'rules', '--lint-fatal', join(CHART, RULES))
  if (checked === undefined) {
    t.pass('skipped: promtool is not installed (Debian package prometheus)')
    return
  }
  t.equal(checked.status, 0, checked.output)
  const tested = promtool('test', 'rules', join(import.meta.dirname, 'rules.test.yaml'))
  t.equal(tested?.status, 0, tested?.output ?? '')
  const cases = readFileSync(join(import.meta.dirname, 'rules.test.yaml'), 'utf8')
  for (const { alert } of alerts) t.equal(cases.split(`alertname: ${alert}`).length, 3, alert)
})
