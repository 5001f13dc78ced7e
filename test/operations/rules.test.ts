import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { hurried } from '../scenarios/alerts/rules.ts'
import { knownLabels, knownMetrics, promtool, RULES_FILE, rules, shipped } from './kit.ts'
import { labelsOf, metricsOf } from './promql.ts'

const TESTS = fileURLToPath(new URL('rules.test.yaml', import.meta.url))
const ALERTS = rules().filter(({ alert }) => alert !== undefined)

t.test('metricsOf() and labelsOf() find what an expression names', (t) => {
  const expr =
    'histogram_quantile(0.99, sum without (a, b) (rate(x_bucket{le!="1", c=~"y{}|z"}[5m]))) > scalar(o:p_5m) and on (d) z offset 15m'
  t.same(metricsOf(expr), ['x_bucket', 'o:p_5m', 'z'])
  t.same(labelsOf(expr).sort(), ['a', 'b', 'c', 'd', 'le'])
  t.end()
})

t.test('Rules name only metrics and labels that exist', async (t) => {
  const metrics = await knownMetrics()
  const labels = knownLabels()
  for (const { alert, record, expr } of rules()) {
    for (const name of metricsOf(expr)) t.ok(metrics.has(name), `${alert ?? record}: ${name}`)
    for (const label of labelsOf(expr)) t.ok(labels.has(label), `${alert ?? record}: label ${label}`)
  }
})

t.test('Each alert says how bad it is, what happened, and where the runbook is', (t) => {
  const headings = new Set(
    shipped('docs/operations.md')
      .match(/^#+ .*$/gm)
      ?.map((line) => anchorOf(line)),
  )
  for (const { alert, labels, annotations } of ALERTS) {
    t.match(labels?.['severity'], /^(critical|warning)$/, `${alert}: severity`)
    for (const name of ['summary', 'description', 'runbook']) t.match(annotations?.[name], /./, `${alert}: ${name}`)
    const [page, anchor] = (annotations?.['runbook'] ?? '').split('#')
    t.equal(page, 'docs/operations.md')
    t.ok(headings.has(anchor ?? ''), `${alert}: docs/operations.md has #${anchor}`)
  }
  t.end()
})

/** As GitHub makes them. */
function anchorOf(heading: string): string {
  const text = heading.replace(/^#+ /, '').toLowerCase()
  return text.replace(/[^\w\- ]/g, '').replaceAll(' ', '-')
}

t.test('Each alert has a case in which it fires', (t) => {
  interface Case {
    readonly alertname: string
    readonly exp_alerts: readonly unknown[]
  }
  const { tests } = parse(shipped('test/operations/rules.test.yaml')) as { tests: { alert_rule_test: Case[] }[] }
  const cases = tests.flatMap((test) => test.alert_rule_test)
  const fires = new Set(cases.filter((it) => it.exp_alerts.length > 0).map(({ alertname }) => alertname))
  const silent = new Set(cases.filter((it) => it.exp_alerts.length === 0).map(({ alertname }) => alertname))
  for (const { alert = '', for: wait } of ALERTS) {
    t.ok(fires.has(alert), alert)
    if (wait !== undefined) t.ok(silent.has(alert), `${alert}: one in which it has to wait`)
  }
  t.end()
})

t.test('promtool takes the rules, and they do what they should', (t) => {
  const checked = promtool('check', 'rules', '--lint-fatal', RULES_FILE)
  if (checked === undefined) {
    t.pass('skipped: promtool is not installed (Debian package prometheus)')
    t.end()
    return
  }
  t.equal(checked.status, 0, checked.output)
  const tested = promtool('test', 'rules', TESTS)
  t.equal(tested?.status, 0, tested?.output ?? '')
  t.end()
})

t.test('hurried() divides every duration of the shipped rules, and nothing else', (t) => {
  const text = shipped('charts/outrigger/rules/outrigger.yaml')
  const fast = hurried(text, 15)
  const durations = (rules: string) => rules.match(/for: \S+|\[\d\S*\]|offset \S+/g)
  t.equal(durations(fast)?.length, durations(text)?.length)
  t.notMatch(fast, /(for: |\[|offset )\d+m/)
  t.match(fast, /for: 20s/)
  t.equal(fast.replace(/\d+[sm]\b/g, ''), text.replace(/\d+[sm]\b/g, ''))
  t.throws(() => hurried('for: 1m', 7), /1m divided by 7/)
  t.end()
})
